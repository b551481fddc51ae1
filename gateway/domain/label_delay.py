"""How long it takes until a fraud is known, and how much of what happened lately is known by now.

Frauds that are not known yet are not in the data: of recent days only the quick ones are there
(right truncation). The share that is known within d days is therefore estimated backwards, from the
longest delay down: F(d) is the product over j > d of 1 - n(j) / N(j), where n(j) counts the frauds
known after exactly j days and N(j) those known within j days, both only among days that are old
enough to have shown a delay of j. That is the product-limit estimator of the reverse hazard for
right truncation (Lagakos, Barraj and De Gruttola 1988, Biometrika 75(3), 515-523), which is the
chain ladder of claims reserving by day of age (Mack 1993, ASTIN Bulletin 23(2), 213-225).
"""

from datetime import datetime

from msgspec import Struct

from gateway.domain.performance import DAY, DELAY_DAYS_MAX

# Fewer known frauds than this say nothing about a curve; chosen by us.
SAMPLE_MIN = 30
# Figures of a day of which less is known are not corrected: they would be mostly guess. Chosen by
# us: below it a known fraud would stand for more than five.
MATURITY_MIN = 0.2


class DelayCounts(Struct, frozen=True):
    """Known frauds of some days, those only that their days had time to show; see `seen_until`.

    Attributes:
        by_delay: by the whole days until they were known.
        by_day: by the day on which they happened.
    """

    by_delay: dict[int, int]
    by_day: dict[datetime, int]


class DelayCurve(Struct, frozen=True):
    """The estimated share of frauds that is known within a time.

    Attributes:
        known_ratio: by whole days; the entry d is the share known within d + 1 days.
        sample_size: frauds that it is estimated from.
        horizon_days: the longest delay that could be seen. Shares are of the frauds that become
            known within it; what takes longer is not part of them.
    """

    known_ratio: tuple[float, ...]
    sample_size: int
    horizon_days: int

    def maturity(self, day: datetime, as_of: datetime) -> float:
        """Return the share of a day's frauds that is known at an instant, 0..1.

        The day's transactions count as if all of them had happened in the middle of it.
        """
        middle = day + min(DAY, max(as_of - day, DAY * 0)) / 2
        age = max(0.0, (as_of - middle) / DAY)
        whole = int(age)
        if whole >= len(self.known_ratio):
            return 1.0
        before = self.known_ratio[whole - 1] if whole else 0.0
        return before + (age - whole) * (self.known_ratio[whole] - before)


def seen_until(as_of: datetime) -> datetime:
    """Return until when a day and a delay must lie for all of the day to have had time for it.

    Of a day, a delay of d whole days is seen in full once d + 1 days have passed since its end.
    """
    return as_of - 2 * DAY


def estimate(counts: DelayCounts, as_of: datetime) -> DelayCurve | None:
    """Return the curve; None from fewer than SAMPLE_MIN frauds.

    A fraud of a day of age a that was known after j days counts in N(d) for all d from j to a. So
    N(d) is the number known within d days less the number of days too young for d, and two sums are
    enough.

    Args:
        counts: of the days that are to be learned from, where day + delay <= seen_until(as_of).
        as_of: until when labels were seen.
    """
    sample = sum(counts.by_delay.values())
    if sample < SAMPLE_MIN:
        return None
    ages = {_age(day, as_of): 0 for day, frauds in counts.by_day.items() if frauds}
    for day, frauds in counts.by_day.items():
        if frauds:
            ages[_age(day, as_of)] += frauds
    horizon = min(max(ages), DELAY_DAYS_MAX)
    within = []
    known = 0
    for delay in range(horizon + 1):
        known += counts.by_delay.get(delay, 0) - ages.get(delay - 1, 0)
        within.append(known)
    ratios = [1.0] * (horizon + 1)
    for delay in range(horizon, 0, -1):
        exactly = counts.by_delay.get(delay, 0)
        stays = 1.0 - exactly / within[delay] if within[delay] else 1.0
        ratios[delay - 1] = ratios[delay] * stays
    return DelayCurve(tuple(ratios), sample, horizon)


def _age(day: datetime, as_of: datetime) -> int:
    """Return the longest delay in whole days that a day had time to show in full."""
    return (seen_until(as_of) - day) // DAY
