"""The metrics of all workers at one address, each with the worker as a label."""

import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from scoring_server.crew.worker_process import WorkerProcess

# A worker that does not answer within this is one that is being replaced, or as good as that.
_ANSWER_S = 2.0
_LABEL = "worker"


class CrewCollector(Collector):
    """Asks every worker at each scrape."""

    def __init__(self, workers: Sequence[WorkerProcess]) -> None:
        self._workers = workers

    def describe(self) -> list[Metric]:
        """Say nothing beforehand: a registry would scrape the workers to find out names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return the families of all workers merged, and what is known of the workers."""
        up = GaugeMetricFamily(
            "anomaly_worker_up", "Whether a worker answers calls, 0 or 1.", labels=[_LABEL]
        )
        restarts = CounterMetricFamily(
            "anomaly_worker_restarts", "Workers that were replaced.", labels=[_LABEL]
        )
        families: dict[str, Metric] = {}
        for worker in self._workers:
            name = str(worker.index)
            found = _scraped(worker.metrics_port)
            up.add_metric([name], float(found is not None))
            restarts.add_metric([name], worker.restarts)
            for family in found or ():
                merged = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                merged.samples += [
                    sample._replace(labels={_LABEL: name, **sample.labels})
                    for sample in family.samples
                ]
        yield up
        yield restarts
        yield from families.values()


def _scraped(port: int) -> list[Metric] | None:
    """Return the families of one worker; None when it does not answer."""
    if not port:
        return None
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/metrics", timeout=_ANSWER_S
        ) as answer:
            return list(text_string_to_metric_families(answer.read().decode()))
    except (OSError, urllib.error.URLError):
        return None
