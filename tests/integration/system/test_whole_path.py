"""A payment raises an alert, is decided, and the next one at that terminal is riskier."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from anomaly.v1.transaction_pb2 import Channel, Payment, Transaction

from scoring_server.rpc.client import ScoringClient
from tests.support.product import Product, product, run, wait_for

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
TERMINAL = "terminal-of-interest"


@pytest.fixture(scope="module")
def running_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with product(tmp_path_factory.mktemp("whole-path")) as started:
        yield started


def payment(
    transaction_id: str, account_id: str, terminal_id: str, moment: datetime, amount_minor: int
) -> Transaction:
    transaction = Transaction(
        transaction_id=transaction_id,
        payment=Payment(
            account_id=account_id,
            terminal_id=terminal_id,
            merchant_id=f"merchant-of-{terminal_id}",
            amount_minor=amount_minor,
            currency="EUR",
            channel=Channel.CHANNEL_POS,
            mcc=5411,
            country="DE",
        ),
    )
    transaction.event_time.FromDatetime(moment)
    return transaction


def history(account_id: str, terminal_id: str) -> list[Transaction]:
    """A month of everyday payments."""
    return [
        payment(
            f"{account_id}-{day}", account_id, terminal_id, START + timedelta(days=day), 1_000 + day
        )
        for day in range(30)
    ]


def test_alert_decided_fraud_raises_the_risk_of_its_terminal(running_product: Product) -> None:
    with (
        ScoringClient(running_product.target) as scoring,
        httpx.Client(base_url=running_product.url, timeout=30) as rest,
    ):
        for account in ("victim-1", "victim-2", "control-1", "control-2"):
            terminal = TERMINAL if account.startswith("victim") else "terminal-of-control"
            outcomes = scoring.score_batch(history(account, terminal))
            assert all(outcome.HasField("result") for outcome in outcomes)
        moment = START + timedelta(days=30)
        alerts = []
        for number in range(12):
            at = moment + timedelta(seconds=20 * number)
            result = scoring.score(payment(f"burst-{number}", "victim-1", TERMINAL, at, 400_000))
            alerts += [result.alert_id] if result.alert_id else []
        assert alerts, (
            "twelve payments of 400 times the usual amount in four minutes raise no alert"
        )

        listed = _alert(rest, alerts[0])
        assert listed["status"] == "ACTIVE"
        decision = rest.post(
            f"/api/investigations/{alerts[0]}/decision",
            json={"decision": "FRAUD", "notes": "stolen", "analyst_id": "analyst-1"},
        )
        assert decision.status_code == 200, decision.text
        assert decision.json()["updated_status"] == "RESOLVED"
        label = _label_event(scoring)
        assert label.transaction_id.startswith("burst-")

        known = label.known_time.ToDatetime(UTC)
        later = max(known, moment) + timedelta(days=1)
        at_terminal = scoring.score(payment("next-here", "victim-2", TERMINAL, later, 1_100))
        elsewhere = scoring.score(
            payment("next-there", "control-2", "terminal-of-control", later, 1_100)
        )
        assert at_terminal.risk_score > elsewhere.risk_score


def _alert(rest: httpx.Client, alert_id: str) -> dict[str, str]:
    """Return an alert; its event reaches the database a moment after the answer."""

    def look() -> dict[str, str] | None:
        response = rest.get(f"/api/alerts/{alert_id}")
        return response.json()["data"] if response.status_code == 200 else None

    found: dict[str, str] = wait_for(alert_id, look, 20)
    return found


def _label_event(scoring: ScoringClient):
    feed = scoring.subscribe(timeout_s=30)
    for response in feed:
        for event in response.events:
            if event.WhichOneof("kind") == "label":
                feed.cancel()
                return event.label
    raise AssertionError("no label arrived in the scoring server")


def test_evaluate_over_rest_answers_and_is_counted(running_product: Product) -> None:
    with httpx.Client(base_url=running_product.url, timeout=30) as rest:
        response = rest.post(
            "/api/detection/evaluate",
            json={
                "transaction_id": "rest-1",
                "amount": 12.5,
                "timestamp": "2026-02-09T14:32:18Z",
                "source_account": "alice",
                "destination_account": "bob",
                "entity_id": "alice",
                "entity_type": "ACCOUNT",
            },
        )
    assert response.status_code == 200, response.text
    assert response.json()["data"]["transaction_id"] == "rest-1"


def test_score_command_shows_the_answer(running_product: Product) -> None:
    environ = {**running_product.program.environ, "SCORING_TARGET": running_product.target}
    arguments = ("score", "--account", "carol", "--amount", "9.99", "--id", "cli-1")
    first, again = run(environ, *arguments), run(environ, *arguments, "--json")
    assert first.returncode == 0, first.stderr
    assert "risk score" in first.stdout
    # The second call has another time, so it is other content under the same id.
    assert again.returncode == 1
    assert "ALREADY_EXISTS" in again.stderr


def test_refused_transaction_is_explained_field_by_field(running_product: Product) -> None:
    environ = {**running_product.program.environ, "SCORING_TARGET": running_product.target}
    result = run(
        environ, "score", "--account", "a", "--amount", "-1", "--currency", "euro", "--country", "d"
    )
    assert result.returncode == 1
    for field in ("amount_minor", "currency", "country"):
        assert f"transaction.payment.{field}: " in result.stderr


def test_doctor_finds_a_running_product_well(running_product: Product) -> None:
    result = run(running_product.program.environ, "doctor")
    assert result.returncode == 0, result.stdout
    assert f"{running_product.target} is serving" in result.stdout
    assert "is ready" in result.stdout


def test_second_start_on_the_same_data_is_refused(running_product: Product) -> None:
    result = run(running_product.program.environ, "up")
    assert result.returncode == 1
    assert "already serves on the data directory" in result.stderr
