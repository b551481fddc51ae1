"""How long it takes until a fraud is known, and how much of what happened lately is known by now.

Frauds that are not known yet are not in the data: of recent days only the quick ones are there
(right truncation). The share that is known within d days is therefore estimated backwards, from the
longest delay down: F(d) is the product over j > d of 1 - n(j) / N(j), where n(j) counts the frauds
known after exactly j days and N(j) those known within j days, both only among days that are old
enough to have shown a delay of j. That is the product-limit estimator of the reverse hazard for
right truncation (Lagakos, Barraj and De Gruttola 1988, Biometrika 75(3), 515-523), which is the
chain ladder of claims reserving by day of age (Mack 1993, ASTIN Bulletin 23(2), 213-225).
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from gateway.domain.performance import DAY, DELAY_DAYS_MAX

# Fewer known frauds than this say nothing about a curve; chosen by us.
SAMPLE_MIN = 30
# Figures of a day of which less is known are not corrected: they would be mostly guess. Chosen by
# us: below it a known fraud would stand for more than five.
MATURITY_MIN = 0.2


class DelayCount(Struct, frozen=True, gc=False):
    """Known frauds of one day that became known after so many whole days."""

    event_day: datetime
    delay_days: int
    frauds: int


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


def estimate(counts: Iterable[DelayCount], as_of: datetime) -> DelayCurve | None:
    """Return the curve; None from fewer than SAMPLE_MIN frauds.

    Args:
        counts: of the days that are to be learned from, in any order.
        as_of: until when labels were seen.
    """
    by_day: dict[datetime, dict[int, int]] = {}
    horizon = 0
    sample = 0
    for count in counts:
        age = _full_age(count.event_day, as_of)
        if count.delay_days > age or count.frauds <= 0:
            continue
        horizon = max(horizon, age)
        sample += count.frauds
        delays = by_day.setdefault(count.event_day, {})
        delays[count.delay_days] = delays.get(count.delay_days, 0) + count.frauds
    if sample < SAMPLE_MIN:
        return None
    horizon = min(horizon, DELAY_DAYS_MAX)
    exactly = [0] * (horizon + 1)
    within = [0] * (horizon + 1)
    for day, delays in by_day.items():
        known = 0
        for delay in range(min(_full_age(day, as_of), horizon) + 1):
            here = delays.get(delay, 0)
            known += here
            exactly[delay] += here
            within[delay] += known
    ratios = [1.0] * (horizon + 1)
    for delay in range(horizon, 0, -1):
        stays = 1.0 - exactly[delay] / within[delay] if within[delay] else 1.0
        ratios[delay - 1] = ratios[delay] * stays
    return DelayCurve(tuple(ratios), sample, horizon)


def _full_age(day: datetime, as_of: datetime) -> int:
    """Return the longest delay in whole days that all of a day's transactions had time to show."""
    return (as_of - (day + DAY)) // DAY - 1
