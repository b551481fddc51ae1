"""Goodput of a scoring server that gets more calls than it can do.

    PYTHONPATH=.:proto python -m tests.load.measure_overload

First as many calls in flight as make it busiest, then two and three times as many as it lets wait;
the client sends another call for each that ends. Server and client
have a core each. One JSON line at the end.
"""

import argparse
import json
import sys

import numpy as np
from anomaly.v1 import scoring_service_pb2

from scoring_server.bench.corpus import Corpus
from scoring_server.bench.http2_load import run_load
from scoring_server.bench.measure import SCORE, spread
from scoring_server.bench.servers import Server, choose_cores, scoring_server
from scoring_server.config import LimitConfig

CONNECTIONS = 8
BUSIEST = 128


def messages(corpus: Corpus, count: int) -> list[bytes]:
    return [
        scoring_service_pb2.ScoreRequest(transaction=each).SerializeToString()
        for each in corpus.take(count)
    ]


def one_round(server: Server, corpus: Corpus, in_flight: int, calls: int) -> dict[str, float]:
    seconds, latencies_ns = run_load(
        server.address,
        SCORE,
        messages(corpus, calls),
        connection_count=CONNECTIONS,
        in_flight_max=in_flight // CONNECTIONS,
        may_refuse=True,
    )
    return {
        "answered_per_s": len(latencies_ns) / seconds,
        "refused_share": 1 - len(latencies_ns) / calls,
        "p99_ms": float(np.percentile(latencies_ns, 99)) / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6, help="of each load; one more warms up")
    parser.add_argument("--calls", type=int, default=30_000, help="calls a round")
    options = parser.parse_args()
    limits = LimitConfig()
    waiting_max = limits.calls_waiting_max + limits.scoring_threads
    loads = {"busiest": BUSIEST, "2x": 2 * waiting_max, "3x": 3 * waiting_max}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in loads}
    corpus = Corpus("overload")
    with scoring_server(choose_cores()) as server:
        for round_number in range(options.rounds + 1):
            for name, in_flight in loads.items():
                figures = one_round(server, corpus, in_flight, options.calls)
                if round_number:
                    found[name].append(figures)
    told = {
        name: {key: spread([each[key] for each in rounds]) for key in rounds[0]}
        for name, rounds in found.items()
    }
    peak = told["busiest"]["answered_per_s"]["median"]
    ratios = {
        f"goodput_ratio_{name}": round(told[name]["answered_per_s"]["median"] / peak, 3)
        for name in ("2x", "3x")
    }
    sys.stdout.write(json.dumps({**ratios, "in_flight": loads, **told}) + "\n")


if __name__ == "__main__":
    main()
