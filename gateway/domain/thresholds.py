"""What each alert threshold would have cost, so that one can be chosen by expected loss."""

from collections.abc import Sequence

from msgspec import Struct

from gateway.domain.performance import SCORE_BINS

_MINUTES_AN_HOUR = 60


class MoneyBin(Struct, frozen=True, gc=False):
    """Transactions of one currency with scores of one whole point, and their money."""

    score_bin: int
    transactions: int
    fraud: int
    amount_minor: int
    fraud_minor: int


class Assumptions(Struct, frozen=True, kw_only=True):
    """What the figures do not tell by themselves.

    Attributes:
        days: over which the transactions came.
        review_cost_minor: of looking at one alert.
        review_minutes: that an analyst needs for one alert.
        capacity: alerts that can be looked at in a day; None for any number.
        good_customer_cost_share: how much of the amount of a stopped good payment is lost, 0..1.
    """

    days: float
    review_cost_minor: int
    review_minutes: float
    capacity: float | None
    good_customer_cost_share: float


class ThresholdOutcome(Struct, frozen=True):
    """What would have happened with alerts from one threshold on."""

    threshold: int
    alerts: int
    alerts_daily: float
    fraud_stopped: int
    fraud_missed: int
    good_stopped: int
    fraud_stopped_minor: int
    fraud_missed_minor: int
    good_stopped_minor: int
    analyst_hours: float
    expected_loss_minor: int
    within_capacity: bool


def outcomes(bins: Sequence[MoneyBin], assumed: Assumptions) -> list[ThresholdOutcome]:
    """Return the outcome of every threshold 0..100, lowest first.

    Every transaction with at least the threshold's score raises an alert of its own and is stopped.
    What is lost is the fraud that is missed, the reviews, and a share of what good customers were
    kept from paying; rounded half to even.
    """
    by_bin = {each.score_bin: each for each in bins}
    frauds = sum(each.fraud for each in bins)
    frauds_minor = sum(each.fraud_minor for each in bins)
    alerts = stopped = amount_minor = stopped_minor = 0
    found = []
    for threshold in range(SCORE_BINS - 1, -1, -1):
        here = by_bin.get(threshold)
        if here is not None:
            alerts += here.transactions
            stopped += here.fraud
            amount_minor += here.amount_minor
            stopped_minor += here.fraud_minor
        good_minor = amount_minor - stopped_minor
        missed_minor = frauds_minor - stopped_minor
        daily = alerts / assumed.days
        loss = (
            missed_minor
            + assumed.review_cost_minor * alerts
            + round(assumed.good_customer_cost_share * good_minor)
        )
        found.append(
            ThresholdOutcome(
                threshold,
                alerts,
                daily,
                stopped,
                frauds - stopped,
                alerts - stopped,
                stopped_minor,
                missed_minor,
                good_minor,
                alerts * assumed.review_minutes / _MINUTES_AN_HOUR,
                loss,
                assumed.capacity is None or daily <= assumed.capacity,
            )
        )
    return found[::-1]


def best(found: Sequence[ThresholdOutcome]) -> ThresholdOutcome | None:
    """Return the outcome with the least expected loss within the capacity.

    Of equal ones that with the fewest alerts; None where there are no transactions, or none fits.
    """
    fitting = [each for each in found if each.within_capacity]
    if not fitting or not found[0].alerts:
        return None
    return min(fitting, key=lambda each: (each.expected_loss_minor, -each.threshold))
