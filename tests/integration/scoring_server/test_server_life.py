"""A server from start to stop: health, reflection, metrics, drain, and what it refuses."""

import http.client
import itertools
import json
import shutil
import socket
import threading
from dataclasses import asdict

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from scoring_server.app import build
from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.errors import ConfigurationError
from scoring_server.rpc.client import ScoringClient, reason_of, status_of_call
from scoring_server.runtime_file import RUNTIME_FILE
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.integration.scoring_server.messages import label, payment

SERVICES = [
    "anomaly.v1.ScoringService",
    "anomaly.v1.EventService",
    "anomaly.v1.LabelService",
    "anomaly.v1.ModelService",
    "anomaly.v1.RuleService",
]


def scrape(application) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", application.metrics_port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_every_service_is_healthy(client):
    for service in ("", *SERVICES):
        assert client.health(service) == "SERVING"
    with pytest.raises(grpc.RpcError) as caught:
        client.health("no.such.Service")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_services_and_describes_them(client, version):
    call = client.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="anomaly.v1.Transaction"),
    ]
    listed, described = call(iter(requests), timeout=10)
    names = {service.name for service in listed.list_services_response.service}
    assert names >= {*SERVICES, "grpc.health.v1.Health"}
    assert described.file_descriptor_response.file_descriptor_proto


def test_without_a_model_none_is_listed(client):
    assert client.list_models() == []


def test_unknown_method_is_unimplemented(client):
    with pytest.raises(grpc.RpcError) as caught:
        client.channel.unary_unary("/anomaly.v1.ScoringService/Nothing")(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_metrics_tell_what_happened(application, client):
    client.score(payment(1))
    client.score(payment(1))
    client.report_labels([label("l1", "tx-1")])
    with pytest.raises(grpc.RpcError):
        client.score(payment(2, currency="x"))
    text = scrape(application)
    method = 'method="/anomaly.v1.ScoringService/Score"'
    assert f'anomaly_rpc_requests_total{{code="OK",{method}}} 2.0' in text
    assert f'anomaly_rpc_requests_total{{code="INVALID_ARGUMENT",{method}}} 1.0' in text
    assert f"anomaly_rpc_duration_seconds_count{{{method}}} 3.0" in text
    assert 'anomaly_transactions_total{outcome="invalid"} 1.0' in text
    assert 'anomaly_labels_total{status="LABEL_STATUS_APPLIED"} 1.0' in text
    assert "anomaly_journal_last_sequence 2.0" in text
    assert 'anomaly_state_fill_ratio{table="accounts"}' in text
    assert 'anomaly_rpc_pending{pool="feed"} 0.0' in text


def test_ports_are_told_in_a_file_while_it_serves(config):
    application = build(config)
    application.start()
    path = config.data_dir / RUNTIME_FILE
    told = json.loads(path.read_text())
    assert told["grpc_port"] == application.grpc_port
    assert told["metrics_port"] == application.metrics_port
    application.stop()
    assert not path.exists()


def idle(client: ScoringClient, begun: threading.Event, ended: list) -> None:
    """Send one message on a stream and wait."""
    released = threading.Event()

    def requests():
        yield [payment(5_000)]
        released.wait(30)

    stream = client.score_stream(requests(), timeout_s=30)
    try:
        for _ in stream:
            begun.set()
    except grpc.RpcError as error:
        ended.append(error.code())
    released.set()


def test_drain_tells_watchers_first_and_finishes_calls(start):
    application = start()
    with ScoringClient(application.target) as client:
        watch = health_pb2_grpc.HealthStub(client.channel).Watch(
            health_pb2.HealthCheckRequest(), timeout=20
        )
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        answers = []
        refusals = []

        def call(first: int) -> None:
            # Batch after batch, so that some are under way when the drain begins.
            for number in itertools.count(first, 1_000_000):
                try:
                    answers.append(client.score_batch([payment(number + n) for n in range(1_000)]))
                except grpc.RpcError as error:
                    refusals.append(error.code())
                    return

        callers = [threading.Thread(target=call, args=(k * 10_000,)) for k in range(4)]
        idle_ended = []
        begun = threading.Event()
        idler = threading.Thread(target=idle, args=(client, begun, idle_ended))
        idler.start()
        assert begun.wait(10)
        for caller in callers:
            caller.start()
        while 'anomaly_rpc_pending{pool="scoring"} 0.0' in scrape(application):
            assert any(caller.is_alive() for caller in callers)
        begun_ns = monotonic_ns()
        application.stop()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        for thread in (*callers, idler):
            thread.join(10)
        assert {len(answer) for answer in answers} == {1_000}
        assert refusals == [grpc.StatusCode.UNAVAILABLE] * 4
        assert all(outcome.HasField("result") for answer in answers for outcome in answer)
        assert idle_ended == [grpc.StatusCode.CANCELLED]
        # Neither the stream that waits nor the watcher makes the drain last until its limit.
        assert monotonic_ns() - begun_ns < 8 * NS_PER_S


def test_restarted_server_knows_what_it_answered(start):
    first = start()
    with ScoringClient(first.target) as client:
        answer = client.score(payment(1))
    first.stop()
    second = start()
    with ScoringClient(second.target) as client:
        again = client.score(payment(1))
        assert again.replayed
        assert again.risk_score == answer.risk_score
        assert client.score(payment(2)).sequence == 2


def test_clean_stop_leaves_a_state_that_needs_no_rebuilding(start, config):
    application = start()
    with ScoringClient(application.target) as client:
        client.score(payment(1))
    application.stop()
    state = open_state(config.data_dir / "state", StateCapacities(**asdict(config.capacities)))
    assert state.was_clean
    assert state.sequence == 1
    state.close()


def test_lost_state_is_rebuilt_from_the_journal(start, config, tmp_path):
    transactions = [payment(n) for n in range(500)]
    for name in ("kept", "lost"):
        application = start(data_dir=tmp_path / name)
        with ScoringClient(application.target) as client:
            client.score_batch(transactions)
            client.report_labels([label(f"l{n}", f"tx-{n}") for n in range(0, 100, 7)])
        application.stop()
    shutil.rmtree(tmp_path / "lost" / "state")
    results = []
    for name in ("kept", "lost"):
        application = start(data_dir=tmp_path / name)
        with ScoringClient(application.target) as client:
            assert client.score(transactions[5]).replayed
            result = client.score(payment(1_000))
            result.ClearField("ingest_time")
            results.append(result)
    assert results[0] == results[1]
    assert results[0].sequence == 516


def test_second_server_on_the_same_data_is_refused(start, config):
    start()
    with pytest.raises(ConfigurationError) as caught:
        build(config).start()
    assert caught.value.reason == "DATA_DIR_IN_USE"


@pytest.mark.parametrize("name", ["grpc_port", "metrics_port"])
def test_port_that_is_taken_is_named(start, name, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(ConfigurationError) as caught:
            start(**{name: taken.getsockname()[1], "data_dir": tmp_path / "d"})
        assert caught.value.reason == "ADDRESS_IN_USE"
        assert name.upper() in caught.value.message
    # Nothing stayed open: the same directory can be served at once.
    start(data_dir=tmp_path / "d")


def test_data_directory_that_cannot_be_made_is_named(start, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError) as caught:
        start(data_dir=tmp_path / "file" / "data")
    assert "DATA_DIR" in caught.value.message


def test_unexpected_error_tells_nothing_and_is_logged(start, monkeypatch, capsys):
    application = start()
    from scoring_server.rpc import block_codec

    def fail(*_arguments):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(block_codec, "_single_rows", fail)
    with ScoringClient(application.target) as client:
        with pytest.raises(grpc.RpcError) as caught:
            client.score(payment(1), request_id="req-77")
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert "secret" not in str(status_of_call(caught.value))
        assert reason_of(status_of_call(caught.value)) == "INTERNAL"
    logged = "".join(capsys.readouterr())
    assert "req-77" in logged
    assert "secret of the house" in logged
