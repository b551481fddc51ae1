"""What alert thresholds would have cost over a range."""

import math
from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.domain import thresholds
from gateway.domain.analytics import AnalyticsRange, Window
from gateway.domain.thresholds import Assumptions, ThresholdOutcome
from gateway.services.analytics import window_at
from gateway.services.analytics_ports import AnalyticsDatabase


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to work out.

    Attributes:
        currency: None takes the one with most transactions.
        kind: PAYMENT, TRADE or None for both.
        assumed: its days are those of the range, whatever they are here.
    """

    span: AnalyticsRange
    currency: str | None
    kind: str | None
    assumed: Assumptions


class Outcomes(msgspec.Struct, frozen=True):
    """What each threshold would have done.

    Attributes:
        currency: empty where there are no transactions at all.
        currencies: those that there are, most transactions first.
        present: the threshold that is set now.
    """

    window: Window
    currency: str
    currencies: list[str]
    assumed: Assumptions
    rows: list[ThresholdOutcome]
    best: ThresholdOutcome | None
    present: ThresholdOutcome


class ThresholdService:
    """The use case of choosing a threshold."""

    def __init__(
        self, database: AnalyticsDatabase, now: Callable[[], datetime], alert_threshold: float
    ) -> None:
        self._database = database
        self._now = now
        self._alert_threshold = alert_threshold

    async def outcomes(self, request: Request) -> Outcomes:
        """Return the outcome of every threshold."""
        async with self._database.read() as unit:
            _, window = await window_at(unit, request.span, self._now())
            currencies = await unit.performance.currencies()
            currency = request.currency or (currencies[0] if currencies else "")
            bins = await unit.performance.money(window, currency, request.kind)
        assumed = msgspec.structs.replace(request.assumed, days=window.days)
        rows = thresholds.outcomes(bins, assumed)
        return Outcomes(
            window,
            currency,
            currencies,
            assumed,
            rows,
            thresholds.best(rows),
            rows[math.ceil(self._alert_threshold)],
        )
