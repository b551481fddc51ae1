"""Rules over gRPC: seen, checked, tried and changed, on both transports and in one place."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from anomaly.v1 import rule_service_pb2 as pb
from anomaly.v1.label_service_pb2 import LABEL_VALUE_LEGITIMATE
from anomaly.v1.scoring_service_pb2 import DECISION_APPROVE, DECISION_DECLINE, DECISION_REVIEW

from scoring_server.app import ScoringApplication
from scoring_server.rpc.client import ScoringClient, reason_of, status_of_call, violations_of
from scoring_server.rpc.rules import TEXT_BYTES_MAX
from scoring_server.rules.rule_set import digest_of, read_texts
from tests.integration.scoring_server.messages import label, payment
from tests.integration.scoring_server.test_rules import eventually_true

BIG = """[[rule]]
name = "big"
when = "amount >= 500"
then = "{then}"
mode = "{mode}"
"""
FAULTY = """[[rule]]
name = "big"
when = "amout > 1"
then = "refuse"
"""
_TIMEOUT_S = 60


@pytest.fixture
def rules_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "big.toml").write_text(BIG.format(then="review", mode="live"))
    return folder


@pytest.fixture(params=["fast", "stock"])
def served(
    request: pytest.FixtureRequest, start: Callable[..., ScoringApplication], rules_dir: Path
) -> ScoringApplication:
    return start(rules_dir=rules_dir, rules_watch_s=0.01, scoring_transport=request.param)


@pytest.fixture
def client(served: ScoringApplication) -> Iterator[ScoringClient]:
    with ScoringClient(served.target) as connected:
        connected.wait_ready()
        yield connected


def shown(client: ScoringClient, file: str = "") -> pb.GetRulesResponse:
    return client.rules.GetRules(pb.GetRulesRequest(file=file), timeout=_TIMEOUT_S)


def put(client: ScoringClient, file: str, text: str, revision: str) -> str:
    request = pb.PutRulesRequest(file=file, text=text, expected_revision=revision, author="ann")
    return client.rules.PutRules(request, timeout=_TIMEOUT_S).revision


def refused(ask: Callable[[], object]) -> tuple[grpc.StatusCode, str, dict[str, str]]:
    with pytest.raises(grpc.RpcError) as caught:
        ask()
    status = status_of_call(caught.value)
    return caught.value.code(), reason_of(status), violations_of(status)


def test_shows_the_text_its_revision_and_what_counts(
    client: ScoringClient, rules_dir: Path
) -> None:
    found = shown(client)
    assert (found.file, list(found.files)) == ("big.toml", ["big.toml"])
    assert found.text == (rules_dir / "big.toml").read_text()
    assert found.revision == found.revision_in_use == digest_of(read_texts(rules_dir))
    (rule,) = found.rules
    assert (rule.name, rule.mode, rule.then) == ("big", pb.RULE_MODE_LIVE, "review")
    assert (rule.when, rule.file, rule.line) == ("amount >= 500", "big.toml", 1)
    code, reason, _ = refused(lambda: shown(client, "other.toml"))
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "RULE_FILE_MISSING")


def test_faults_come_with_their_places_and_what_is_allowed(
    client: ScoringClient, rules_dir: Path
) -> None:
    request = pb.CheckRulesRequest(file="big.toml", text=FAULTY)
    first, second = client.rules.CheckRules(request, timeout=_TIMEOUT_S).faults
    assert (first.file, first.line, first.column) == ("big.toml", 3, 9)
    assert "unknown name amout; did you mean amount" in first.message
    assert second.line == 4
    assert 'then must be "approve" or "review" or "decline"' in second.message
    sound = pb.CheckRulesRequest(file="more.toml", text=BIG.format(then="decline", mode="shadow"))
    # The same name twice: files are one set.
    (fault,) = client.rules.CheckRules(sound, timeout=_TIMEOUT_S).faults
    assert "name must be unique" in fault.message
    sound.file = "big.toml"
    answer = client.rules.CheckRules(sound, timeout=_TIMEOUT_S)
    assert (list(answer.faults), answer.rules, answer.live) == ([], 1, 0)
    assert [path.name for path in rules_dir.iterdir()] == ["big.toml"]


def test_put_counts_at_once_and_is_written_down(
    client: ScoringClient, served: ScoringApplication, rules_dir: Path
) -> None:
    assert client.score(payment(1, amount_minor=60_000)).decision == DECISION_REVIEW
    revision = shown(client).revision
    text = BIG.format(then="decline", mode="live")
    revision = put(client, "big.toml", text, revision)
    assert client.score(payment(2, amount_minor=60_000)).decision == DECISION_DECLINE
    found = shown(client)
    assert found.revision == found.revision_in_use == revision
    assert (rules_dir / "big.toml").read_text() == text == found.text
    data_dir = served.config.data_dir
    line = json.loads((data_dir / "rules_history.jsonl").read_text().splitlines()[-1])
    assert (line["cause"], line["author"], line["changed"]) == ("call", "ann", ["big"])
    assert line["sha256"] == revision
    (call,) = map(json.loads, (data_dir / "admin_calls.jsonl").read_text().splitlines())
    assert call["method"] == "/anomaly.v1.RuleService/PutRules"
    assert call["request"]["author"] == "ann"
    assert "text" not in call["request"]
    assert len(call["request"]["text_sha256"]) == 64
    # A blank text takes the file away.
    put(client, "big.toml", " \n", revision)
    assert client.score(payment(3, amount_minor=60_000)).decision == DECISION_APPROVE
    assert list(rules_dir.iterdir()) == []
    assert (shown(client).file, shown(client).text) == ("rules.toml", "")


def test_what_is_refused_changes_nothing(client: ScoringClient, rules_dir: Path) -> None:
    revision, before = shown(client).revision, (rules_dir / "big.toml").read_text()
    text = BIG.format(then="decline", mode="live")
    code, reason, _ = refused(lambda: put(client, "big.toml", text, "0" * 64))
    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RULES_STALE")
    code, reason, violations = refused(lambda: put(client, "big.toml", FAULTY, revision))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "RULES_INVALID")
    assert violations["text"].startswith("big.toml:4:8: then must be")
    for file in ("../big.toml", ".hidden.toml", "big", "a/b.toml", "x" * 99 + ".toml", ""):
        code, _, violations = refused(lambda file=file: put(client, file, text, revision))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert "ending with .toml" in violations["file"]
    long = "#" * (TEXT_BYTES_MAX + 1)
    code, _, violations = refused(lambda: put(client, "big.toml", long, revision))
    assert violations["text"] == "must have at most 1000000 bytes, had 1000001"
    code, _, violations = refused(lambda: put(client, "big.toml", text, ""))
    assert violations == {"expected_revision": "must be given"}
    assert (rules_dir / "big.toml").read_text() == before
    assert shown(client).revision == shown(client).revision_in_use == revision
    assert client.score(payment(1, amount_minor=60_000)).decision == DECISION_REVIEW


def test_change_that_cannot_be_recorded_is_taken_back(
    client: ScoringClient, served: ScoringApplication, rules_dir: Path
) -> None:
    revision, before = shown(client).revision, (rules_dir / "big.toml").read_text()
    history = served.config.data_dir / "rules_history.jsonl"
    history.unlink()
    history.mkdir()
    code, reason, _ = refused(
        lambda: put(client, "big.toml", BIG.format(then="decline", mode="live"), revision)
    )
    assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "RULES_NOT_RECORDED")
    assert (rules_dir / "big.toml").read_text() == before
    assert client.score(payment(1, amount_minor=60_000)).decision == DECISION_REVIEW


def test_backtest_of_a_text_that_is_not_in_use(client: ScoringClient, rules_dir: Path) -> None:
    for number in range(40):
        client.score(payment(number, amount_minor=60_000 if number % 4 == 0 else 1_000))
    client.report_labels(
        [label("l-0", "tx-0"), label("l-1", "tx-1"), label("l-2", "tx-4", LABEL_VALUE_LEGITIMATE)]
    )
    text = BIG.format(then="decline", mode="shadow").replace("500", "5")
    request = pb.BacktestRulesRequest(file="big.toml", text=text)
    told = client.rules.BacktestRules(request, timeout=_TIMEOUT_S)
    assert (told.transactions, told.frauds, told.skipped) == (40, 2, 0)
    assert told.alerts_with == told.alerts_without
    (big,) = told.rules
    assert (big.rule, big.mode, big.hits) == ("big", pb.RULE_MODE_SHADOW, 40)
    assert (big.frauds, big.genuine) == (2, 1)
    assert (big.precision, big.recall) == (2 / 3, 1.0)
    none = pb.BacktestRulesRequest(file="big.toml", text=text.replace("amount >= 5", "amount < 0"))
    (big,) = client.rules.BacktestRules(none, timeout=_TIMEOUT_S).rules
    assert (big.hits, big.HasField("precision"), big.recall) == (0, False, 0.0)
    faulty = pb.BacktestRulesRequest(file="big.toml", text=FAULTY)
    code, reason, _ = refused(lambda: client.rules.BacktestRules(faulty, timeout=_TIMEOUT_S))
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "RULES_INVALID")
    assert client.score(payment(41, amount_minor=60_000)).decision == DECISION_REVIEW


def test_one_backtest_at_a_time_and_none_outlives_its_call(
    client: ScoringClient, served: ScoringApplication
) -> None:
    client.score(payment(1))
    request = pb.BacktestRulesRequest(file="big.toml", text="")
    first = client.rules.BacktestRules.future(request, timeout=_TIMEOUT_S)
    child = _child_of(served)
    # Held where it stands, so that the second call surely meets it.
    os.kill(child, signal.SIGSTOP)
    code, reason, _ = refused(lambda: client.rules.BacktestRules(request, timeout=_TIMEOUT_S))
    assert (code, reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BACKTEST_RUNS")
    first.cancel()
    eventually_true(lambda: not Path(f"/proc/{child}").exists())
    eventually_true(lambda: _answers(client, request))


def _child_of(served: ScoringApplication) -> int:
    """Wait for the process of a backtest over the journal of this server."""
    found: list[int] = []

    def looks() -> bool:
        found.extend(
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdecimal() and _command(entry)[-1:] == [str(served.config.data_dir)]
        )
        return bool(found)

    eventually_true(looks)
    return found[0]


def _command(entry: Path) -> list[str]:
    try:
        return (entry / "cmdline").read_text().rstrip("\0").split("\0")
    except OSError:
        return []


def _answers(client: ScoringClient, request: pb.BacktestRulesRequest) -> bool:
    """Say whether a backtest is answered; the one before may still be in its last moment."""
    try:
        return client.rules.BacktestRules(request, timeout=_TIMEOUT_S).transactions == 1
    except grpc.RpcError as error:
        if reason_of(status_of_call(error)) != "BACKTEST_RUNS":
            raise
        return False
