"""The gateway's figures for Prometheus."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.services.shared_reads import SharedReads

# Litestar adds the character set by itself.
_CONTENT_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
# Seconds; from a read on a warm database to the longest wait for an alert.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """One registry an application, so that two in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "gateway_http_requests",
            "Requests by method, route template and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._refused = Counter(
            "gateway_rate_limited_requests",
            "Requests that the rate limit refused, by kind of request",
            ("class",),
            registry=self.registry,
        )
        self._statement_seconds = Histogram(
            "gateway_database_statement_seconds",
            "Time that the database took by kind of statement",
            ("kind",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._seconds = Histogram(
            "gateway_http_request_seconds",
            "Time to answer by method and route template",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def refused(self, route_class: str) -> None:
        """Count one request that the rate limit refused."""
        self._refused.labels(route_class).inc()

    def statement(self, kind: str, seconds: float) -> None:
        """Count one statement of the database."""
        self._statement_seconds.labels(kind).observe(seconds)

    def observe(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count one request; `seconds` is None where they say nothing about our speed."""
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Show what `read` returns whenever somebody asks."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def tally(
        self, name: str, description: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        """Show counts that somebody else keeps, by one label."""
        self.registry.register(_Tally(name, description, label, read))


class _Tally(Collector):
    def __init__(
        self, name: str, description: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        self._name = name
        self._description = description
        self._label = label
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Tell the name without reading, as there is nothing to read from before the start."""
        return [CounterMetricFamily(self._name, self._description, labels=[self._label])]

    def collect(self) -> Iterable[Metric]:
        """Return the counts."""
        family = CounterMetricFamily(self._name, self._description, labels=[self._label])
        for value, count in sorted(self._read().items()):
            family.add_metric([value], count)
        return [family]


def metrics_handler(
    path: str, metrics: Metrics, refresh: Callable[[], Awaitable[None]]
) -> HTTPRouteHandler:
    """Return the handler that serves the figures; `refresh` is awaited first."""

    async def write(_key: None) -> bytes:
        await refresh()
        return generate_latest(metrics.registry)

    written = SharedReads(write)

    @get(
        path,
        operation_id="metrics",
        summary="Figures for Prometheus",
        tags=["system"],
        media_type=MediaType.TEXT,
    )
    async def read_metrics() -> Response[bytes]:
        """Return the figures in the text format of Prometheus."""
        return Response(await written.get(None), media_type=_CONTENT_TYPE)

    return read_metrics
