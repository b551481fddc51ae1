"""Recent figures corrected for frauds that are not known yet."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.domain.analytics import Counts, percent
from gateway.domain.label_delay import MATURITY_MIN, DelayCurve


class Curves(Struct, frozen=True):
    """The delays of frauds that were alerted, which analysts decide, and of those that were missed.

    The missed ones wait for a chargeback, so one curve for both would make recall look too good.
    """

    alerted: DelayCurve | None
    missed: DelayCurve | None


class Corrected(Struct, frozen=True):
    """What the figures will probably be once all is known.

    Attributes:
        precision, recall, f1_score: percent; None where there is nothing to be a share of.
        maturity: the share of fraud that is known by now, 0..1.
        days_left_out: days of which too little is known to say anything; they are in none of this.
    """

    precision: float | None
    recall: float | None
    f1_score: float | None
    maturity: float
    days_left_out: int


def day_maturity(curves: Curves, day: datetime, as_of: datetime) -> tuple[float, float] | None:
    """Return which shares of a day's alerted and missed frauds are known; None without curves."""
    if curves.alerted is None or curves.missed is None:
        return None
    return curves.alerted.maturity(day, as_of), curves.missed.maturity(day, as_of)


def corrected(
    days: Sequence[tuple[datetime, Counts]], curves: Curves, as_of: datetime
) -> Corrected | None:
    """Return the figures of several days, each known fraud counted for those that are like it.

    None without curves, or when of all days too little is known.
    """
    hits = misses = 0.0
    alerted = known = left_out = 0
    for day, counts in days:
        maturity = day_maturity(curves, day, as_of)
        if maturity is None:
            return None
        if min(maturity) < MATURITY_MIN:
            left_out += 1
            continue
        # No more of the alerted transactions can be fraud than there are.
        hits += min(float(counts.alerted), counts.true_positives / maturity[0])
        misses += counts.false_negatives / maturity[1]
        alerted += counts.alerted
        known += counts.fraud
    if left_out == len(days):
        return None
    frauds = hits + misses
    return Corrected(
        percent(hits, alerted) if alerted else None,
        percent(hits, frauds) if frauds else None,
        percent(2 * hits, alerted + frauds) if alerted + frauds else None,
        known / frauds if frauds else 1.0,
        left_out,
    )
