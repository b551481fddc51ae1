"""Counts and latencies of calls, cheap enough for each call of the hot path.

A counter and a histogram of the library cost several microseconds a call, four locks and a walk
through all buckets in Python. Here a call costs one lock and one bisection; what the library shows
is made when it is scraped.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from scoring_server.clock import NS_PER_S

# Fine where answers lie when all is well, up to the longest authorisation times. Chosen by us.
_LATENCY_BUCKETS_S = (
    *(50e-6, 75e-6, 100e-6, 150e-6, 200e-6, 300e-6, 500e-6, 750e-6),
    *(1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7.5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1.0),
)
# Inclusive upper ends, as in Prometheus; what lies above all counts in one more bucket.
_BUCKETS_NS = tuple(round(bound_s * NS_PER_S) for bound_s in _LATENCY_BUCKETS_S)
_BUCKET_NAMES = (*(str(bound_s) for bound_s in _LATENCY_BUCKETS_S), "+Inf")


class MethodMetrics:
    """Counts and latencies of one method; threads may share it.

    Args:
        codes: every status code that a call can end with, by its upper-case name.
    """

    def __init__(self, method: str, codes: Iterable[str]) -> None:
        self.method = method
        self._lock = threading.Lock()
        self._count_by_code = dict.fromkeys(codes, 0)
        self._bucket_counts = [0] * len(_BUCKET_NAMES)
        self._sum_ns = 0

    def succeeded(self, elapsed_ns: int) -> None:
        """Count a call that was answered."""
        self.failed("OK", elapsed_ns)

    def failed(self, code: str, elapsed_ns: int) -> None:
        """Count a call that ended with an error."""
        bucket = bisect_left(_BUCKETS_NS, elapsed_ns)
        with self._lock:
            self._count_by_code[code] += 1
            self._bucket_counts[bucket] += 1
            self._sum_ns += elapsed_ns

    def succeeded_together(self, elapsed_ns: Sequence[int]) -> None:
        """Count calls that were answered as one block."""
        with self._lock:
            self._count_by_code["OK"] += len(elapsed_ns)
            self._sum_ns += sum(elapsed_ns)
            for each_ns in elapsed_ns:
                self._bucket_counts[bisect_left(_BUCKETS_NS, each_ns)] += 1

    def add_to(self, requests: CounterMetricFamily, latency: HistogramMetricFamily) -> None:
        """Add what was counted to the metrics that are scraped."""
        with self._lock:
            by_code = list(self._count_by_code.items())
            counts = list(self._bucket_counts)
            sum_ns = self._sum_ns
        for code, count in by_code:
            requests.add_metric((self.method, code), count)
        total = 0
        buckets = []
        for name, count in zip(_BUCKET_NAMES, counts, strict=True):
            total += count
            buckets.append((name, total))
        latency.add_metric((self.method,), buckets, sum_ns / NS_PER_S)


class MethodsCollector(Collector):
    """Shows the metrics of all methods."""

    def __init__(self) -> None:
        self._methods: dict[str, MethodMetrics] = {}

    def method(self, method: str, codes: Iterable[str]) -> MethodMetrics:
        """Return the metrics of one method; the same for the same path."""
        return self._methods.setdefault(method, MethodMetrics(method, codes))

    def collect(self) -> Iterator[Metric]:
        """Give the metrics as they are now."""
        requests = CounterMetricFamily(
            "anomaly_rpc_requests",
            "Calls that ended, by method and status code.",
            labels=("method", "code"),
        )
        latency = HistogramMetricFamily(
            "anomaly_rpc_duration_seconds",
            "Time from the start of a call's handling to its answer.",
            labels=("method",),
        )
        for metrics in list(self._methods.values()):
            metrics.add_to(requests, latency)
        yield requests
        yield latency
