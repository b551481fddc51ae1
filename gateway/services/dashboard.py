"""The figures of the dashboard. Nothing here reads transactions, however many there are."""

from collections.abc import Callable
from datetime import datetime

from gateway.domain import dashboard
from gateway.domain.dashboard import DAY, HOUR, Overview, TrendRange
from gateway.domain.enumerations import Severity
from gateway.domain.rollup import hour_of
from gateway.services.ports import Database
from gateway.services.shared_reads import shared


class DashboardService:
    """The use cases of the dashboard page."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    @shared
    async def overview(self) -> Overview:
        """Return the headline figures."""
        now = self._now()
        end = hour_of(now) + HOUR
        async with self._database.read() as unit:
            return dashboard.overview(
                await unit.alerts.counts(),
                await unit.feed.transaction_count(),
                await unit.feed.rollups(end - 2 * DAY, end),
                now,
            )

    @shared
    async def trend(self, span: TrendRange) -> list[tuple[datetime, int]]:
        """Return how many alerts were raised in each step of the range, oldest first."""
        now = self._now()
        async with self._database.read() as unit:
            rollups = await unit.feed.rollups(dashboard.trend_start(span, now), now)
        return dashboard.alert_trend(rollups, span, now)

    @shared
    async def severities(self) -> dict[Severity, int]:
        """Return how many alerts there are of each severity."""
        async with self._database.read() as unit:
            return dashboard.by_severity(await unit.alerts.counts())
