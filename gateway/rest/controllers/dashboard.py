"""The figures of the dashboard page."""

from litestar import Controller, get
from litestar.params import FromQuery

from gateway.domain.dashboard import TrendRange
from gateway.domain.enumerations import Severity
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas import dashboard as bodies
from gateway.rest.wiring import Clock, Dashboard

_PLACES = 2
# From calm to alarming; each has a contrast of at least 3:1 on white and on near-black.
_COLORS = {
    Severity.LOW: "#2e8b57",
    Severity.MEDIUM: "#b8860b",
    Severity.HIGH: "#d2691e",
    Severity.CRITICAL: "#d32f2f",
}


class DashboardController(Controller):
    """Paths below /api/dashboard."""

    path = "/api/dashboard"
    tags = ("dashboard",)

    @get(
        "/metrics",
        responses=RESPONSES,
        operation_id="dashboard_metrics",
        summary="Headline figures",
    )
    async def metrics(self, dashboard: Dashboard, clock: Clock) -> bodies.MetricsEnvelope:
        """Return totals, and how the last 24 hours compare with the 24 before."""
        found = await dashboard.overview()
        return bodies.MetricsEnvelope(
            bodies.MetricsBody(
                found.total_transactions,
                found.active_alerts,
                found.high_risk_alerts,
                round(found.false_positive_rate, _PLACES),
                bodies.TrendsBody(
                    round(found.alerts_change_pct, _PLACES),
                    round(found.false_positive_change_pct, _PLACES),
                    round(found.transactions_change_pct, _PLACES),
                    list(found.undefined),
                ),
                clock(),
            )
        )

    @get(
        "/alerts-trend", responses=RESPONSES, operation_id="alerts_trend", summary="Alerts by time"
    )
    async def alerts_trend(
        self,
        dashboard: Dashboard,
        range: FromQuery[TrendRange] = TrendRange.DAY,  # noqa: A002 - the contract names it
    ) -> bodies.AlertTrendEnvelope:
        """Return hourly points for 24h and daily ones otherwise; empty steps are 0."""
        points = await dashboard.trend(range)
        return bodies.AlertTrendEnvelope(
            bodies.AlertTrendBody([time for time, _ in points], [value for _, value in points])
        )

    @get(
        "/severity-distribution",
        responses=RESPONSES,
        operation_id="severity_distribution",
        summary="Alerts by severity",
    )
    async def severity_distribution(self, dashboard: Dashboard) -> bodies.SeveritySharesEnvelope:
        """Return every severity, zeros included."""
        found = await dashboard.severities()
        return bodies.SeveritySharesEnvelope(
            [
                bodies.SeverityShareBody(severity, value, _COLORS[severity])
                for severity, value in found.items()
            ]
        )
