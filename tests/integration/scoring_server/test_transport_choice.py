"""Which transport carries the calls, and what happens when grpcio is not as the loop expects."""

import pytest
from anomaly.v1 import scoring_service_pb2

from scoring_server.config import LimitConfig
from scoring_server.errors import ConfigurationError
from scoring_server.rpc import core_server
from scoring_server.rpc.client import ScoringClient
from scoring_server.rpc.loop_transport import LoopTransport
from scoring_server.rpc.serving import Listen
from scoring_server.rpc.stock_transport import StockTransport
from scoring_server.rpc.transports import choose_transport
from scoring_server.telemetry.metrics import Metrics
from tests.integration.scoring_server.messages import payment


def chosen(kind: str):
    return type(choose_transport(kind, Listen("127.0.0.1", 0), LimitConfig(), [], Metrics()))


class TellsNothing:
    """A queue operation of another shape."""

    def __init__(self, *_arguments) -> None:
        raise TypeError("takes other arguments")


@pytest.mark.parametrize("kind", ["auto", "fast"])
def test_loop_is_chosen_where_it_works(kind):
    assert chosen(kind) is LoopTransport


def test_stock_never_tries_the_loop(monkeypatch):
    monkeypatch.setattr(core_server, "CoreServer", None)
    assert chosen("stock") is StockTransport


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GRPCIO_VERSION", "9.9.", "grpcio must be 9.9."),
        # Answers that are not what they must be: wrong status, no details, no server.
        ("_GOOD_END", core_server._SendStatus(None, 13, b"", 0), "RpcError"),
        ("_DETAILS_KEY", "other-bin", "details must be 1"),
        ("CoreServer", TellsNothing, "takes other arguments"),
    ],
)
def test_grpcio_that_is_not_as_expected_is_noticed(monkeypatch, capsys, name, value, told):
    monkeypatch.setattr(core_server, name, value)
    # The loop's own name of the class is bound when it is imported.
    if name == "CoreServer":
        from scoring_server.rpc import loop

        monkeypatch.setattr(loop, name, value)
    assert chosen("auto") is StockTransport
    warned = "".join(capsys.readouterr())
    assert "fast_transport_unusable" in warned
    assert told in warned
    with pytest.raises(ConfigurationError) as caught:
        chosen("fast")
    assert caught.value.reason == "TRANSPORT"
    assert told in caught.value.message


@pytest.mark.parametrize("kind", ["fast", "stock"])
def test_both_give_the_same_answers(start, tmp_path, kind):
    application = start(scoring_transport=kind, data_dir=tmp_path / kind)
    with ScoringClient(application.target) as client:
        results = [client.score(payment(number)) for number in range(50)]
        (outcomes,) = client.score_stream([[payment(number) for number in range(50)]])
    for result, outcome in zip(results, outcomes, strict=True):
        assert outcome.result.replayed
        outcome.result.replayed = False
        assert outcome.result == result


def test_calls_answered_as_blocks_get_the_answers_of_one_by_one(start, tmp_path):
    transactions = [payment(number % 200, after_s=number % 200 // 7) for number in range(250)]
    loop = start(scoring_transport="fast", data_dir=tmp_path / "loop")
    stock = start(scoring_transport="stock", data_dir=tmp_path / "stock")
    with ScoringClient(loop.target) as client:
        call = client.channel.unary_unary("/anomaly.v1.ScoringService/Score")
        pipelined = [
            call.future(request_of(transaction), timeout=20) for transaction in transactions
        ]
        answers = [(future.code(), future) for future in pipelined]
        order = [result_of(future.result()) for code, future in answers if code.value[0] == 0]
    order.sort(key=lambda result: (result.sequence, result.replayed))
    # Calls may overtake each other on their way; what counts is the order they were scored in.
    by_id = {transaction.transaction_id: transaction for transaction in transactions[:200]}
    with ScoringClient(stock.target) as client:
        for result in order:
            if result.replayed:
                continue
            expected = client.score(by_id[result.transaction_id])
            expected.ingest_time.CopyFrom(result.ingest_time)
            assert expected == result


def request_of(transaction) -> bytes:
    return scoring_service_pb2.ScoreRequest(transaction=transaction).SerializeToString()


def result_of(response: bytes):
    return scoring_service_pb2.ScoreResponse.FromString(response).result
