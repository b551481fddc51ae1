"""The bench measures what it says: each call arrives, failures are no figures."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from anomaly.v1 import scoring_service_pb2

from scoring_server.bench.corpus import Corpus
from scoring_server.bench.http2_load import run_load, run_open_load
from scoring_server.bench.measure import SCORE
from scoring_server.bench.servers import choose_cores, echo_server
from scoring_server.errors import UnavailableError
from tests.support.product import environment, run, running


@pytest.fixture(scope="module")
def echo() -> Iterator[tuple[str, int]]:
    with echo_server(choose_cores()) as server:
        yield server.address


def messages(count: int, prefix: str = "x") -> list[bytes]:
    return [
        scoring_service_pb2.ScoreRequest(transaction=transaction).SerializeToString()
        for transaction in Corpus(prefix).take(count)
    ]


def test_corpus_varies_accounts_and_repeats_itself() -> None:
    first, again = Corpus("a").take(500), Corpus("a").take(500)
    assert first == again
    assert len({each.transaction_id for each in first}) == 500
    assert len({each.payment.account_id for each in first}) > 400


@pytest.mark.parametrize(("connections", "in_flight"), [(1, 1), (3, 4)])
def test_every_call_is_answered(echo: tuple[str, int], connections: int, in_flight: int) -> None:
    seconds, latencies_ns = run_load(
        echo, SCORE, messages(300), connection_count=connections, in_flight_max=in_flight
    )
    assert latencies_ns.size == 300
    assert (latencies_ns > 0).all()
    # Calls overlap, so together they cannot have waited longer than all the places there were.
    assert latencies_ns.sum() / 1e9 <= seconds * connections * in_flight


def test_more_bytes_than_the_flow_control_window_are_sent(echo: tuple[str, int]) -> None:
    sent = messages(2_000)
    assert sum(map(len, sent)) > 3 * 65_535
    _, latencies_ns = run_load(echo, SCORE, sent, connection_count=1, in_flight_max=16)
    assert latencies_ns.size == 2_000


def test_calls_at_a_rate_are_charged_from_the_time_they_were_due(echo: tuple[str, int]) -> None:
    began = time.monotonic()
    latencies_ns = run_open_load(
        echo, SCORE, messages(400), connection_count=4, rate_per_s=1_000, seed=3
    )
    # Not as fast as the server can, but as fast as they were due.
    assert time.monotonic() - began > 0.25
    assert latencies_ns.size == 400
    assert (latencies_ns > 0).all()
    # All due at once: whoever is answered later has waited longer, however late it was sent.
    late_ns = run_open_load(echo, SCORE, messages(100), connection_count=4, rate_per_s=1e6, seed=3)
    # Four connections are not read in turn, so that neighbours may change places.
    assert late_ns[-25:].min() > late_ns[:25].max()


def test_failed_call_is_an_error(echo: tuple[str, int]) -> None:
    with pytest.raises(UnavailableError, match="a call failed"):
        run_load(
            echo,
            "/anomaly.v1.ScoringService/Missing",
            messages(1),
            connection_count=1,
            in_flight_max=1,
        )


def test_load_is_scored_once_each(tmp_path: Path) -> None:
    with running(tmp_path, environment(tmp_path / "data"), "serve") as server:
        port = server.runtime("scoring_server.json")["grpc_port"]
        run_load(("127.0.0.1", port), SCORE, messages(200), connection_count=2, in_flight_max=4)
        environ = {**server.environ, "SCORING_TARGET": f"127.0.0.1:{port}"}
        result = run(environ, "score", "--account", "a", "--amount", "1", "--json")
    assert json.loads(result.stdout)["sequence"] == "201"


def test_quick_bench_reports_all_figures(tmp_path: Path) -> None:
    result = run(environment(tmp_path / "data"), "bench", "all", "--quick", "--json")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout.splitlines()[-1])
    assert figures["quick"] is True
    assert figures["machine"]["cores"] >= 1
    assert figures["unary_throughput_ratio"] > 0
    assert figures["unary_p99_ratio_half_load"] > 0
    for server in ("echo", "scoring_server"):
        for load in ("one_at_a_time", "loaded", "saturated"):
            unary = figures["unary"][server][load]
            assert unary["requests_per_s"]["median"] > 0
            assert unary["cpu_us"]["median"] > 0
            assert unary["latency_us"]["p50"]["median"] <= unary["latency_us"]["p99"]["median"]
        half = figures["unary"][server]["offered_50_pct"]
        assert half["offered_per_s"] > 0
        assert half["latency_us"]["p50"]["median"] > 0
        assert figures["batch"][server]["transactions_per_s"]["median"] > 0
    block = figures["engine"]["blocks_of_1024"]
    assert block["ns_per_transaction_without_model"]["median"] > 0
    assert figures["workers"]["two_workers"]["transactions_per_s"]["median"] > 0
