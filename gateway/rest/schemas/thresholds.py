"""Bodies of GET /api/analytics/thresholds."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class KindFilter(StrEnum):
    """Which transactions to look at."""

    ALL = "ALL"
    PAYMENT = "PAYMENT"
    TRADE = "TRADE"


class ThresholdBody(Struct):
    """What would have happened with alerts from this threshold on; money in minor units."""

    threshold: int
    alerts: int
    alerts_daily: float
    fraud_stopped: int
    fraud_missed: int
    good_customers_stopped: int
    fraud_stopped_minor: int
    fraud_missed_minor: int
    good_customers_stopped_minor: int
    analyst_hours: float
    expected_loss_minor: int
    within_capacity: bool
    best: bool
    present: bool


class AssumptionsBody(Struct):
    """What was assumed; `defaulted` names what the request left to us."""

    review_cost_minor: int
    review_minutes: float
    capacity: float | None
    good_customer_cost_share: float
    defaulted: list[str]


class ThresholdsBody(Struct):
    """Every threshold 0..100.

    `best` is the one with the least expected loss within the capacity, null and named in
    `undefined` where there are no transactions or none fits; `present` is the one that is set,
    rounded up. `saving_minor` is what the best would have cost less than it.
    """

    start: datetime
    end: datetime
    days: float
    currency: str
    currencies: list[str]
    assumptions: AssumptionsBody
    thresholds: list[ThresholdBody]
    best: int | None
    present: int
    saving_minor: int | None
    undefined: list[str]


class ThresholdsEnvelope(Struct):
    """Every threshold."""

    data: ThresholdsBody
