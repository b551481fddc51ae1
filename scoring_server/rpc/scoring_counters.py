"""What ScoringService counts."""

from collections.abc import Callable

from anomaly.v1 import scoring_service_pb2

from scoring_server.engine.assessment import Assessment
from scoring_server.kernels.combine import tally_block
from scoring_server.telemetry.metrics import Metrics
from scoring_server.telemetry.tally_metrics import ALERTS, DECISION_FIRST, SEVERITY_FIRST

# Numba's own stubs know nothing of a compiled kernel's arguments.
_tally_block: Callable[..., None] = tally_block


class ScoringCounters:
    """The service's metrics, each child resolved once."""

    def __init__(self, metrics: Metrics) -> None:
        self.new = metrics.transactions("new").inc
        self.replayed = metrics.transactions("replayed").inc
        self.conflict = metrics.transactions("conflict").inc
        self._invalid = metrics.transactions("invalid")
        self._metrics = metrics
        self._degraded = {
            reason: metrics.degraded(reason) for reason in ("MODEL_MISSING", "MODEL_SKIPPED")
        }
        decisions, severities = scoring_service_pb2.Decision, scoring_service_pb2.Severity
        metrics.tally.name(
            {number: decisions.Name(number) for number in decisions.values()},
            {number: severities.Name(number) for number in severities.values()},
        )
        self._counts = metrics.tally.counts

    def invalid(self, count: int) -> None:
        """Count transactions that were refused."""
        if count:
            self._invalid.inc(count)

    def assessed(self, assessment: Assessment, alert_threshold: float) -> None:
        """Count new transactions by what was decided; one call at a time."""
        count = len(assessment.judgements)
        self.new(count)
        _tally_block(
            assessment.judgements, alert_threshold, SEVERITY_FIRST, DECISION_FIRST, ALERTS,
            self._counts,
        )  # fmt: skip
        for reason in assessment.degraded_reasons:
            if reason not in self._degraded:
                self._degraded[reason] = self._metrics.degraded(reason)
            self._degraded[reason].inc(count)
