"""The curves of label delay, estimated anew at most once a minute."""

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.domain.label_delay import estimate, seen_until
from gateway.domain.maturity import Curves
from gateway.domain.performance import DAY, Grain, period_start
from gateway.services.analytics_ports import AnalyticsUnit

# Curves are learned from the frauds of the last year, so that they follow how disputes work now.
LEARNED_DAYS = 365
# A curve made of weeks changes little within this; chosen by us.
_AGE_MAX = timedelta(minutes=1)


class LabelDelays:
    """Keeps the curves of this process."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._made: datetime | None = None
        self._curves = Curves(None, None)

    async def curves(self, unit: AnalyticsUnit, until: datetime) -> Curves:
        """Return the curves as of an instant, at most a minute old."""
        now = self._now()
        if self._made is None or not timedelta(0) <= now - self._made < _AGE_MAX:
            self._curves = await _estimated(unit, until)
            self._made = now
        return self._curves


async def _estimated(unit: AnalyticsUnit, until: datetime) -> Curves:
    since = period_start(Grain.DAY, until) - LEARNED_DAYS * DAY
    alerted, missed = [
        estimate(await unit.performance.delays(since, seen_until(until), alerted=alerted), until)
        for alerted in (True, False)
    ]
    return Curves(alerted, missed)
