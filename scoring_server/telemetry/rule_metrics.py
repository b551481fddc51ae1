"""Figures of user rules, read when they are scraped."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scoring_server.rules.rule_book import RuleBook


class RuleCollector(Collector):
    """Tells Prometheus what the rules hit."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        hits = CounterMetricFamily(
            "anomaly_rule_hits",
            "Transactions that a user rule or a list hit, by its mode at the time.",
            labels=("rule", "mode"),
        )
        for key, count in self._book.hits().items():
            hits.add_metric(key, float(count))
        yield hits
        yield GaugeMetricFamily(
            "anomaly_rules_refused",
            "1 while what lies in RULES_DIR is faulty and the rules of before are in use.",
            value=float(bool(self._book.faults)),
        )
