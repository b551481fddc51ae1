"""Single calls: what a server can do at most, and how long callers wait at a given rate."""

from typing import Any, Final

import numpy as np
from anomaly.v1 import scoring_service_pb2
from numpy.typing import NDArray

from scoring_server.bench.corpus import Corpus
from scoring_server.bench.http2_load import run_load, run_open_load
from scoring_server.bench.measure import SCORE, Effort, spread
from scoring_server.bench.servers import Server

# Name -> connections, calls in flight on each, and which part of the calls are sent.
LOADS: Final = {
    "one_at_a_time": (1, 1, 4),
    "loaded": (8, 4, 1),
    # More in flight makes neither server faster by more than a few percent.
    "saturated": (8, 16, 1),
}
# Of what the echo server can do at most; both servers get the same rates.
OFFERED_PCT: Final = (25, 50, 80)
_PERCENTILES: Final = (50, 99, 99.9)
_CONNECTIONS: Final = 8


def unary(servers: dict[str, Server], effort: Effort) -> dict[str, Any]:
    """Measure Score: closed-loop with some calls in flight, then open-loop at some rates.

    Args:
        servers: `echo` and others; their rounds alternate.
        effort: how much is measured.
    """
    figures: dict[str, Any] = {name: {} for name in servers}
    for load in LOADS:
        _closed(servers, effort, load, figures)
    capacity = figures["echo"]["saturated"]["requests_per_s"]["median"]
    for percent in OFFERED_PCT:
        _open(servers, effort, f"offered_{percent}_pct", capacity * percent / 100, figures)
    return figures


def _closed(servers: dict[str, Server], effort: Effort, load: str, figures: dict[str, Any]) -> None:
    connections, in_flight, share = LOADS[load]
    rates: dict[str, list[float]] = {name: [] for name in servers}
    costs: dict[str, list[float]] = {name: [] for name in servers}
    latencies: dict[str, list[NDArray[np.int64]]] = {name: [] for name in servers}
    corpora = {name: Corpus(f"{load}-{name}") for name in servers}
    for round_number in range(effort.rounds):
        for name, server in servers.items():
            messages = _messages(corpora[name], effort.calls // share)
            before_s = server.cpu_s()
            seconds, round_ns = run_load(
                server.address,
                SCORE,
                messages,
                connection_count=connections,
                in_flight_max=in_flight,
            )
            if round_number > 0:
                rates[name].append(len(messages) / seconds)
                costs[name].append((server.cpu_s() - before_s) / len(messages) * 1e6)
                latencies[name].append(round_ns)
    for name in servers:
        figures[name][load] = {
            "connections": connections,
            "in_flight": connections * in_flight,
            "requests_per_s": spread(rates[name]),
            "cpu_us": spread(costs[name]),
            "latency_us": _percentiles(latencies[name]),
        }


def _open(
    servers: dict[str, Server],
    effort: Effort,
    load: str,
    rate_per_s: float,
    figures: dict[str, Any],
) -> None:
    latencies: dict[str, list[NDArray[np.int64]]] = {name: [] for name in servers}
    corpora = {name: Corpus(f"{load}-{name}") for name in servers}
    count = max(1, round(rate_per_s * effort.open_s))
    for round_number in range(effort.rounds):
        for name, server in servers.items():
            round_ns = run_open_load(
                server.address,
                SCORE,
                _messages(corpora[name], count),
                connection_count=_CONNECTIONS,
                rate_per_s=rate_per_s,
                seed=round_number,
            )
            if round_number > 0:
                latencies[name].append(round_ns)
    for name in servers:
        figures[name][load] = {
            "offered_per_s": round(rate_per_s),
            "latency_us": _percentiles(latencies[name]),
        }


def _messages(corpus: Corpus, count: int) -> list[bytes]:
    return [
        scoring_service_pb2.ScoreRequest(transaction=transaction).SerializeToString()
        for transaction in corpus.take(count)
    ]


def _percentiles(rounds: list[NDArray[np.int64]]) -> dict[str, dict[str, float]]:
    return {
        f"p{percent:g}": spread([float(np.percentile(each, percent)) / 1e3 for each in rounds])
        for percent in _PERCENTILES
    }
