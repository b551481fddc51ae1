"""Prometheus metrics. Children are resolved once, so that a call only adds to them."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from scoring_server.errors import ConfigurationError
from scoring_server.telemetry.method_metrics import MethodMetrics, MethodsCollector
from scoring_server.telemetry.tally_metrics import TallyCollector


class Metrics:
    """All metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._methods = MethodsCollector()
        self.registry.register(self._methods)
        self._shed = self._counter("anomaly_rpc_shed", "Calls refused by a bound.", "method")
        self._transactions = self._counter(
            "anomaly_transactions", "Transactions that came in, by what became of them.", "outcome"
        )
        self.tally = TallyCollector()
        self.registry.register(self.tally)
        self._degraded = self._counter(
            "anomaly_degraded", "New transactions answered without a part, by reason.", "reason"
        )
        self._labels = self._counter("anomaly_labels", "Labels, by what was done.", "status")
        self._model = Gauge(
            "anomaly_model_info",
            "1 for each model held.",
            ("role", "name", "version", "sha256"),
            registry=self.registry,
        )

    def method(self, method: str, codes: Iterable[str]) -> MethodMetrics:
        """Return the metrics of one method."""
        return self._methods.method(method, codes)

    def shed(self, method: str) -> Callable[[], None]:
        """Return what counts a refused call of one method."""
        return self._shed.labels(method).inc

    def transactions(self, outcome: str) -> Counter:
        """Return the counter of one outcome: new, replayed, conflict or invalid."""
        return self._transactions.labels(outcome)

    def degraded(self, reason: str) -> Counter:
        """Return the counter of one reason for a degraded answer."""
        return self._degraded.labels(reason)

    def labels(self, names: Mapping[int, str]) -> dict[int, Counter]:
        """Return the counters of label statuses by their number."""
        return {number: self._labels.labels(name) for number, name in names.items()}

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when it is scraped."""
        Gauge(name, meaning, registry=self.registry).set_function(read)

    def gauges(
        self, name: str, meaning: str, label: str, reads: Mapping[str, Callable[[], float]]
    ) -> None:
        """Add a gauge with one child a label value, each read when it is scraped."""
        gauge = Gauge(name, meaning, (label,), registry=self.registry)
        for value, read in reads.items():
            gauge.labels(value).set_function(read)

    def models(self, held: Iterable[tuple[str, str, str, str]]) -> None:
        """State which models are held, and no others: role, name, version and SHA-256 of each."""
        self._model.clear()
        for labels in held:
            self._model.labels(*labels).set(1)

    def _counter(self, name: str, meaning: str, label: str) -> Counter:
        return Counter(name, meaning, (label,), registry=self.registry)


class MetricsServer:
    """Serves a registry at /metrics over HTTP until it is closed."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        self._server, self._thread = start_http_server(port, host, registry)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def open_metrics_server(registry: CollectorRegistry, host: str, port: int) -> MetricsServer:
    """Serve metrics.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    try:
        return MetricsServer(registry, host, port)
    except OSError as error:
        raise ConfigurationError(
            "METRICS_HOST and METRICS_PORT must be free to listen on, "
            f"{host}:{port} is not: {error.strerror}",
            reason="ADDRESS_IN_USE",
        ) from error
