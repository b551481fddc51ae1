"""What was decided on new transactions: counts that a kernel keeps, shown when they are scraped.

A counter of the library costs a microsecond each time, and each transaction would need three.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

# Places in the counts: severities and decisions by their number, and alerts.
SEVERITY_FIRST = 0
DECISION_FIRST = 8
ALERTS = 15
TALLY_SIZE = 16


class TallyCollector(Collector):
    """Shows counts by decision and severity.

    Attributes:
        counts: int64, shape (TALLY_SIZE,); one at a time adds to them.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(TALLY_SIZE, np.int64)
        self._decisions: Mapping[int, str] = {}
        self._severities: Mapping[int, str] = {}

    def name(self, decisions: Mapping[int, str], severities: Mapping[int, str]) -> None:
        """Say what decisions and severities are called, by their number."""
        self._decisions, self._severities = decisions, severities

    def collect(self) -> Iterator[Metric]:
        """Give the counts as they are now."""
        counts = self.counts.tolist()
        decisions = CounterMetricFamily(
            "anomaly_decisions", "Decisions on new transactions.", labels=("decision",)
        )
        for number, name in self._decisions.items():
            decisions.add_metric((name,), counts[DECISION_FIRST + number])
        severities = CounterMetricFamily(
            "anomaly_severities", "Severities of new transactions.", labels=("severity",)
        )
        for number, name in self._severities.items():
            severities.add_metric((name,), counts[SEVERITY_FIRST + number])
        yield decisions
        yield severities
        yield CounterMetricFamily("anomaly_alerts", "Alerts raised.", value=counts[ALERTS])
