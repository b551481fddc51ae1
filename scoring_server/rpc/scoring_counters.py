"""What ScoringService counts."""

from collections import Counter

from anomaly.v1 import scoring_service_pb2

from scoring_server.engine.engine import Assessment
from scoring_server.telemetry.metrics import Metrics


class ScoringCounters:
    """The service's metrics, each child resolved once."""

    def __init__(self, metrics: Metrics) -> None:
        self.new = metrics.transactions("new").inc
        self.replayed = metrics.transactions("replayed").inc
        self.conflict = metrics.transactions("conflict").inc
        self._invalid = metrics.transactions("invalid")
        self._alerts = metrics.alerts
        self._metrics = metrics
        self._degraded = {
            reason: metrics.degraded(reason) for reason in ("MODEL_MISSING", "MODEL_SKIPPED")
        }
        decisions = scoring_service_pb2.Decision
        self._decisions = metrics.decisions({n: decisions.Name(n) for n in decisions.values()})
        severities = scoring_service_pb2.Severity
        self._severities = metrics.severities({n: severities.Name(n) for n in severities.values()})

    def invalid(self, count: int) -> None:
        """Count transactions that were refused."""
        if count:
            self._invalid.inc(count)

    def assessed(self, assessment: Assessment, alert_threshold: float) -> None:
        """Count new transactions by what was decided."""
        decisions = assessment.decision.tolist()
        self.new(len(decisions))
        for decision, count in Counter(decisions).items():
            self._decisions[decision].inc(count)
        for severity, count in Counter(assessment.severity.tolist()).items():
            self._severities[severity].inc(count)
        # For the few rows of a block, a list is several times as fast as an array.
        alert_count = sum(score >= alert_threshold for score in assessment.risk_score.tolist())
        if alert_count:
            self._alerts.inc(alert_count)
        for reason in assessment.degraded_reasons:
            if reason not in self._degraded:
                self._degraded[reason] = self._metrics.degraded(reason)
            self._degraded[reason].inc(len(decisions))
