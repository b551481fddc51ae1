"""Who may call what: tokens and permissions on both transports, and the record of admin calls."""

import hashlib
import json
from pathlib import Path

import grpc
import httpx
import pytest
from anomaly.v1 import label_service_pb2, model_service_pb2, scoring_service_pb2

from scoring_server.app import ADMIN_RECORD
from scoring_server.config import TRANSPORT_FAST, TRANSPORT_STOCK, TlsConfig
from scoring_server.rpc.client import ScoringClient, reason_of, status_of_call
from scoring_server.rpc.client_tls import ClientTls
from tests.integration.scoring_server.messages import payment
from tests.support.certificates import Authority
from tests.support.product import wait_for

NAMES = ("score", "label", "feed", "admin", "all")
ALL = ("score", "label", "feed", "admin")


def table(name: str, permissions: tuple[str, ...], *tokens: str) -> str:
    hashes = [hashlib.sha256(token.encode()).hexdigest() for token in tokens]
    return (
        f"[{name}]\ntokens_sha256 = {json.dumps(hashes)}\n"
        f"permissions = {json.dumps(list(permissions))}\n"
    )


class Guarded:
    """A server with clients, and connections to it by token."""

    def __init__(self, start, transport: str, folder: Path) -> None:
        authority = Authority("authority")
        self._folder = folder
        self._ca = authority.write(folder / "ca.pem")
        self.file = folder / "clients.toml"
        self.file.write_text(
            "".join(
                table(name, ALL if name == "all" else (name,), f"token-of-{name}") for name in NAMES
            )
        )
        tls = TlsConfig(*authority.issue(folder, "server"))
        self.application = start(tls=tls, clients=self.file, scoring_transport=transport)

    def connect(self, token: str | None) -> ScoringClient:
        file = None
        if token is not None:
            file = self._folder / f"{hashlib.sha256(token.encode()).hexdigest()}.token"
            file.write_text(f"{token}\n")
        target = f"localhost:{self.application.grpc_port}"
        return ScoringClient(target, tls=ClientTls(self._ca, token_file=file))


@pytest.fixture(params=[TRANSPORT_FAST, TRANSPORT_STOCK])
def guarded(request, start, tmp_path) -> Guarded:
    return Guarded(start, request.param, tmp_path)


def subscribe(client: ScoringClient) -> None:
    call = client.subscribe(timeout_s=10)
    next(call)
    call.cancel()


CALLS = {
    "Score": lambda client: client.score(payment(1)),
    "ScoreBatch": lambda client: client.score_batch([payment(1)]),
    "ScoreStream": lambda client: list(client.score_stream([[payment(1)]], timeout_s=10)),
    "ReportLabels": lambda client: client.report_labels([label_service_pb2.Label()]),
    "Subscribe": subscribe,
    "RollbackModel": lambda client: client.models.RollbackModel(
        model_service_pb2.RollbackModelRequest(), timeout=10
    ),
    "ListModels": lambda client: client.list_models(),
}
PERMISSIONS = {
    "Score": {"score"},
    "ScoreBatch": {"score"},
    "ScoreStream": {"score"},
    "ReportLabels": {"label"},
    "Subscribe": {"feed"},
    "RollbackModel": {"admin"},
    "ListModels": {"score", "label", "feed", "admin"},
}
REFUSALS = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}


def code_of(call, client: ScoringClient) -> grpc.StatusCode:
    try:
        call(client)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_each_client_may_call_what_its_permissions_say(guarded: Guarded) -> None:
    for name in NAMES:
        with guarded.connect(f"token-of-{name}") as client:
            for method, call in CALLS.items():
                refused = code_of(call, client) is grpc.StatusCode.PERMISSION_DENIED
                assert refused == (name != "all" and name not in PERMISSIONS[method]), method


@pytest.mark.parametrize("token", [None, "token-of-nobody"])
def test_nobody_may_call_nothing_but_health(guarded: Guarded, token: str | None) -> None:
    with guarded.connect(token) as client:
        assert client.health() == "SERVING"
        for method, call in CALLS.items():
            assert code_of(call, client) is grpc.StatusCode.UNAUTHENTICATED, method
    figures = f"http://127.0.0.1:{guarded.application.metrics_port}/metrics"
    assert "anomaly_journal_last_sequence 0.0" in httpx.get(figures).text


def test_refusal_says_what_is_missing_and_no_token(guarded: Guarded) -> None:
    with guarded.connect("token-of-label") as client, pytest.raises(grpc.RpcError) as caught:
        client.score(payment(1))
    assert "needs the permission score, label has not" in caught.value.details()
    assert reason_of(status_of_call(caught.value)) == "PERMISSION_MISSING"
    assert "token-of-label" not in str(status_of_call(caught.value))


def test_calls_that_wait_together_are_refused_one_by_one(guarded: Guarded) -> None:
    with guarded.connect("token-of-score") as may, guarded.connect("token-of-feed") as may_not:
        requests = []
        for number in range(1, 41):
            client = may if number % 2 else may_not
            stub = client.channel.unary_unary("/anomaly.v1.ScoringService/Score")
            request = scoring_service_pb2.ScoreRequest(transaction=payment(number))
            requests.append(stub.future(request.SerializeToString(), timeout=10))
        codes = [each.code() for each in requests]
    assert codes[::2] == [grpc.StatusCode.OK] * 20
    assert codes[1::2] == [grpc.StatusCode.PERMISSION_DENIED] * 20


def test_changed_file_counts_without_a_restart(guarded: Guarded, capsys) -> None:
    with guarded.connect("new") as new, guarded.connect("token-of-score") as old:
        assert code_of(CALLS["Score"], new) is grpc.StatusCode.UNAUTHENTICATED
        # While it is being rotated a client has two.
        guarded.file.write_text(table("score", ("score",), "token-of-score", "new"))
        wait_for("new token", lambda: code_of(CALLS["Score"], new) is grpc.StatusCode.OK)
        assert code_of(CALLS["Score"], old) is grpc.StatusCode.OK
        guarded.file.write_text("[score]\npermissions = ['everything']\n")
        logged = ""

        def warned() -> bool:
            nonlocal logged
            code_of(CALLS["Score"], new)
            logged += "".join(capsys.readouterr())
            return "clients_unusable" in logged

        wait_for("warning", warned)
        assert code_of(CALLS["Score"], new) is grpc.StatusCode.OK
        guarded.file.write_text(table("score", ("score",), "new"))
        wait_for("end of the old", lambda: code_of(CALLS["Score"], old) in REFUSALS)


def test_admin_calls_are_recorded_with_their_caller_and_outcome(guarded: Guarded) -> None:
    request = model_service_pb2.PromoteModelRequest(name="no-such", version="1")
    for name in ("admin", "score", "nobody"):
        with guarded.connect(f"token-of-{name}") as client, pytest.raises(grpc.RpcError):
            client.models.PromoteModel(request, timeout=10, metadata=(("x-request-id", name),))
    file = guarded.application.config.data_dir / ADMIN_RECORD
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["client"], line["request_id"]) for line in lines] == [
        ("admin", "admin"), ("score", "score"), ("", "nobody"),
    ]  # fmt: skip
    assert [line["outcome"] for line in lines][1:] == ["PERMISSION_MISSING", "TOKEN_UNKNOWN"]
    assert lines[0]["outcome"] not in {"OK", "INTERNAL"}
    assert {line["method"] for line in lines} == {"/anomaly.v1.ModelService/PromoteModel"}
    assert lines[0]["request"] == {"name": "no-such", "version": "1"}
    assert "token-of" not in file.read_text()


def test_without_clients_everybody_may_and_admin_calls_are_recorded(start) -> None:
    application = start()
    with ScoringClient(application.target) as client:
        client.score(payment(1))
        assert code_of(CALLS["RollbackModel"], client) not in REFUSALS
    (line,) = (application.config.data_dir / ADMIN_RECORD).read_text().splitlines()
    assert json.loads(line)["client"] == ""
