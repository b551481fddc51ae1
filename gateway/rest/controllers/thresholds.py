"""Choosing the alert threshold by what it would have cost."""

from typing import Annotated, TypeVar

from litestar import get
from litestar.params import FromQuery, ParameterKwarg, QueryParameter

from gateway.domain.analytics import AnalyticsRange
from gateway.domain.currency import DECIMAL_PLACES
from gateway.domain.thresholds import Assumptions, ThresholdOutcome
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas import thresholds as bodies
from gateway.rest.schemas.thresholds import KindFilter
from gateway.rest.wiring_analytics import SharedWork, Thresholds
from gateway.services.thresholds import Outcomes, Request

# What is assumed where the request says nothing; chosen by us as a start.
# Whoever decides by the result states his own.
_REVIEW_COST_MINOR = 500
_REVIEW_MINUTES = 10.0
_GOOD_CUSTOMER_COST_SHARE = 0.05
_COST_MINOR_MAX = 10**9
_PLACES = 2

T = TypeVar("T", int, float)


def _from_zero(most: int, description: str) -> ParameterKwarg:
    """Describe a number; the framework loses a bound of 0 of what may be left out."""
    return QueryParameter(ge=0, le=most, description=description, schema_extra={"minimum": 0})


Cost = Annotated[int | None, _from_zero(_COST_MINOR_MAX, "of looking at one alert")]
Minutes = Annotated[float | None, _from_zero(1440, "that one alert takes an analyst")]
Capacity = Annotated[float | None, _from_zero(_COST_MINOR_MAX, "alerts a day")]
Share = Annotated[float | None, _from_zero(1, "of a stopped good payment's amount that is lost")]


@get(
    "/api/analytics/thresholds",
    responses=RESPONSES,
    operation_id="thresholds",
    summary="What each alert threshold would have cost",
    tags=["analytics"],
)
async def list_thresholds(
    thresholds: Thresholds,
    together: SharedWork,
    range: FromQuery[AnalyticsRange] = AnalyticsRange.QUARTER,  # noqa: A002 - as everywhere here
    currency: Annotated[str, QueryParameter(max_length=3)] = "",
    kind: FromQuery[KindFilter] = KindFilter.ALL,
    review_cost_minor: Cost = None,
    review_minutes: Minutes = None,
    capacity: Capacity = None,
    good_customer_cost_share: Share = None,
) -> bodies.ThresholdsEnvelope:
    """Return alerts, fraud, good customers, hours and money for every threshold 0..100.

    One currency at a time: without one, that with most transactions.
    """
    if currency and currency.upper() not in DECIMAL_PLACES:
        message = f"currency must be an active ISO 4217 code, was {currency!r}"
        raise InvalidArgumentError(message, faults=(FieldFault("currency", message),))
    given = {
        "review_cost_minor": review_cost_minor,
        "review_minutes": review_minutes,
        "good_customer_cost_share": good_customer_cost_share,
    }
    request = Request(
        span=range,
        currency=currency.upper() or None,
        kind=None if kind is KindFilter.ALL else kind.value,
        assumed=Assumptions(
            days=1,
            review_cost_minor=_or(review_cost_minor, _REVIEW_COST_MINOR),
            review_minutes=_or(review_minutes, _REVIEW_MINUTES),
            capacity=capacity,
            good_customer_cost_share=_or(good_customer_cost_share, _GOOD_CUSTOMER_COST_SHARE),
        ),
    )
    defaulted = [name for name, value in given.items() if value is None]

    async def work() -> bodies.ThresholdsEnvelope:
        return bodies.ThresholdsEnvelope(_body(await thresholds.outcomes(request), defaulted))

    return await together.answer((request, *defaulted), work)


def _body(found: Outcomes, defaulted: list[str]) -> bodies.ThresholdsBody:
    best, present = found.best, found.present
    return bodies.ThresholdsBody(
        found.window.start,
        found.window.end,
        found.window.days,
        found.currency,
        found.currencies,
        bodies.AssumptionsBody(
            found.assumed.review_cost_minor,
            found.assumed.review_minutes,
            found.assumed.capacity,
            found.assumed.good_customer_cost_share,
            defaulted,
        ),
        [_row(row, best, present) for row in found.rows],
        best.threshold if best else None,
        present.threshold,
        present.expected_loss_minor - best.expected_loss_minor if best else None,
        [] if best else ["best", "saving_minor"],
    )


def _row(
    row: ThresholdOutcome, best: ThresholdOutcome | None, present: ThresholdOutcome
) -> bodies.ThresholdBody:
    return bodies.ThresholdBody(
        row.threshold,
        row.alerts,
        round(row.alerts_daily, _PLACES),
        row.fraud_stopped,
        row.fraud_missed,
        row.good_stopped,
        row.fraud_stopped_minor,
        row.fraud_missed_minor,
        row.good_stopped_minor,
        round(row.analyst_hours, _PLACES),
        row.expected_loss_minor,
        row.within_capacity,
        best is row,
        present is row,
    )


def _or(value: T | None, default: T) -> T:
    return default if value is None else value
