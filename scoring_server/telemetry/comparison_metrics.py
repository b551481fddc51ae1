"""Figures of shadows and drift, read when they are scraped."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scoring_server.engine.comparison import Comparison
from scoring_server.inference.model_slots import ModelSlots


class ComparisonCollector(Collector):
    """Tells Prometheus how shadows compare and what has drifted."""

    def __init__(self, slots: ModelSlots, comparison: Comparison) -> None:
        self._slots = slots
        self._comparison = comparison

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        shadows = GaugeMetricFamily(
            "anomaly_shadow_transactions",
            "Transactions that a shadow scored, by what it would have changed.",
            labels=("name", "version", "what"),
        )
        for shadow in self._slots.lineup.shadows:
            identity, found = shadow.identity, self._comparison.of(shadow)
            for what in ("transactions", "alerts", "gained", "lost", "failed"):
                labels = (identity.name, identity.version, what)
                shadows.add_metric(labels, float(getattr(found, what)))
        yield shadows
        yield CounterMetricFamily(
            "anomaly_comparison_skipped",
            "Transactions that were not compared, because too many waited.",
            value=float(self._comparison.skipped),
        )
        psi = GaugeMetricFamily(
            "anomaly_drift_psi",
            "Population stability index of the last window against training.",
            labels=("feature",),
        )
        ks = GaugeMetricFamily(
            "anomaly_drift_ks",
            "Kolmogorov-Smirnov distance of the last window from training.",
            labels=("feature",),
        )
        for each in self._comparison.drifts():
            psi.add_metric((each.feature,), each.psi)
            ks.add_metric((each.feature,), each.ks)
        yield psi
        yield ks
