"""Bodies of the dashboard endpoints."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.enumerations import Severity


class TrendsBody(Struct):
    """The last 24 hours against the 24 before, in percent.

    What had nothing before is 0 and named in `undefined`.
    """

    alerts_change_pct: float
    false_positive_change_pct: float
    transactions_change_pct: float
    undefined: list[str]


class MetricsBody(Struct):
    """The headline figures. `active_alerts` nobody has claimed; `high_risk_alerts` are open."""

    total_transactions: int
    active_alerts: int
    high_risk_alerts: int
    false_positive_rate: float
    trends: TrendsBody
    timestamp: datetime


class MetricsEnvelope(Struct):
    """The headline figures."""

    data: MetricsBody


class AlertTrendBody(Struct):
    """Two parallel lists; each timestamp is the start of its hour or day."""

    timestamps: list[datetime]
    values: list[int]


class AlertTrendEnvelope(Struct):
    """Alerts by time."""

    data: AlertTrendBody


class SeverityShareBody(Struct):
    """How many alerts have a severity, and the colour to show it in."""

    name: Severity
    value: int
    color: str


class SeveritySharesEnvelope(Struct):
    """Alerts by severity."""

    data: list[SeverityShareBody]
