"""The life cycle of an alert is the contract's table, and two analysts never overwrite each other.

Every pair of statuses is tried over every way to ask for a move.
"""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from anomaly.v1 import event_service_pb2, scoring_service_pb2

from tests.contract.answers import require_error
from tests.contract.reading import CONTRACT, read
from tests.contract.served import Served
from tests.support.product import wait_for
from tests.support.scripted_scoring_server import alert_id_of, assess, payment

RULES = read("life_cycle")
STATUSES = CONTRACT.types["status"]["enum"]
DECISIONS = CONTRACT.types["decision"]["enum"]
CLIENTS = 8

Ask = Callable[..., httpx.Response]


def by_body(gateway: Served, alert_id: str, status: str, **options: Any) -> httpx.Response:
    body = {"status": status, "analyst_id": "ana"}
    return gateway.client.patch(f"/api/alerts/{alert_id}/status", json=body, **options)


def by_query(gateway: Served, alert_id: str, status: str, **options: Any) -> httpx.Response:
    path = f"/api/alerts/{alert_id}/status"
    return gateway.client.patch(path, params={"status": status}, **options)


def by_put(gateway: Served, alert_id: str, status: str, **options: Any) -> httpx.Response:
    return gateway.client.put(f"/api/alerts/{alert_id}", json={"status": status}, **options)


def decide(
    gateway: Served, alert_id: str, decision: str, analyst: str = "ana", **options: Any
) -> httpx.Response:
    body = {"decision": decision, "analyst_id": analyst}
    return gateway.client.post(f"/api/investigations/{alert_id}/decision", json=body, **options)


@pytest.mark.parametrize("ask", [by_body, by_query, by_put])
@pytest.mark.parametrize(("start", "target"), list(itertools.product(STATUSES, STATUSES)))
def test_only_moves_of_the_table_are_made(
    gateway: Served, ask: Ask, start: str, target: str
) -> None:
    alert_id = gateway.new_alert(start)
    before, told = gateway.detail(alert_id), gateway.history(alert_id)
    answer = ask(gateway, alert_id, target)
    action = RULES["moves"][start].get(target)
    if action is None:
        require_error(answer, 409)
        after = gateway.detail(alert_id)
        assert {key for key in before if before[key] != after[key]} == set()
        assert gateway.history(alert_id) == told
        return
    assert answer.status_code == 200, answer.text
    assert (answer.json()["success"], answer.json()["new_status"]) == (True, target)
    moved = gateway.history(alert_id)
    assert moved[:-1] == told
    row = moved[-1]
    assert (row["action"], row["old_status"], row["new_status"]) == (action, start, target)
    assert row["analyst_id"]
    assert gateway.detail(alert_id)["status"] == target


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("start", STATUSES)
def test_decision_leads_where_the_contract_says(gateway: Served, start: str, decision: str) -> None:
    alert_id = gateway.new_alert(start)
    told = gateway.history(alert_id)
    answer = decide(gateway, alert_id, decision, "ben")
    if start not in RULES["decided_from"]:
        require_error(answer, 409)
        assert gateway.history(alert_id) == told
        return
    target = RULES["decisions"][decision]
    assert answer.json()["updated_status"] == target == gateway.detail(alert_id)["status"]
    new = gateway.history(alert_id)[len(told) :]
    claims = [row for row in new if row["action"] == "CLAIMED"]
    assert bool(claims) is (start in RULES["claims_first"])
    assert new[-1]["new_status"] == target
    assert {row["analyst_id"] for row in new} == {"ben"}


@pytest.mark.parametrize("severity", CONTRACT.types["severity"]["enum"])
def test_deadlines_follow_from_the_severity(gateway: Served, severity: str) -> None:
    alert_id = gateway.new_alert(severity=severity) if severity != "LOW" else low_alert(gateway)
    waiting = gateway.detail(alert_id)
    assert waiting["severity"] == severity
    raised = datetime.fromisoformat(waiting["timestamp"])
    rules = RULES["deadlines"][severity]
    assert waiting["sla_deadline"] == waiting["response_deadline"]
    assert due(waiting) == after(raised, rules["response"])
    assert waiting["sla_breached"] is False
    by_put(gateway, alert_id, "INVESTIGATING")
    assert due(gateway.detail(alert_id)) == after(raised, rules["resolution"])


def low_alert(gateway: Served) -> str:
    """Raise a LOW alert, as a scoring server with a lower ALERT_THRESHOLD does."""
    transaction = payment("low-1", amount_minor=2_500, account_id="low-1")
    result = assess(transaction, 0)
    assert result.severity == scoring_service_pb2.SEVERITY_LOW
    result.alert_id = alert_id = alert_id_of("low-1")
    scored = event_service_pb2.ScoredTransaction(transaction=transaction, result=result)
    gateway.scoring.append(event_service_pb2.Event(scored_transaction=scored))
    path = f"/api/alerts/{alert_id}"
    wait_for("the alert", lambda: gateway.client.get(path).status_code == 200)
    return alert_id


def due(alert: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(alert["sla_deadline"])


def after(raised: datetime, rule: int | str) -> datetime:
    if rule == "day":
        midnight = raised.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=1)
    return raised + timedelta(seconds=int(rule))


def test_etag_of_the_alert_is_what_if_match_takes(gateway: Served) -> None:
    alert_id = gateway.new_alert()
    seen = gateway.client.get(f"/api/alerts/{alert_id}").headers["etag"]
    assert seen == gateway.client.get(f"/api/investigations/{alert_id}").headers["etag"]
    with_tag = {"headers": {"If-Match": seen}}
    moved = by_body(gateway, alert_id, "INVESTIGATING", **with_tag)
    assert moved.status_code == 200
    assert moved.headers["etag"] != seen
    for stale in (
        by_body(gateway, alert_id, "RESOLVED", **with_tag),
        by_put(gateway, alert_id, "RESOLVED", **with_tag),
        decide(gateway, alert_id, "FRAUD", **with_tag),
    ):
        require_error(stale, 409)
    assert gateway.detail(alert_id)["status"] == "INVESTIGATING"
    new_tag = {"headers": {"If-Match": moved.headers["etag"]}}
    assert decide(gateway, alert_id, "FRAUD", **new_tag).status_code == 200


def test_expected_version_does_the_same_in_the_body(gateway: Served) -> None:
    alert_id = gateway.new_alert()
    path = f"/api/alerts/{alert_id}/status"
    body = {"status": "INVESTIGATING", "expected_version": 1}
    assert gateway.client.patch(path, json=body).status_code == 200
    stale = gateway.client.patch(path, json=body | {"status": "RESOLVED"})
    require_error(stale, 409)
    assert gateway.detail(alert_id)["status"] == "INVESTIGATING"


def test_of_two_analysts_at_once_one_wins(gateway: Served) -> None:
    alert_id = gateway.new_alert()
    analysts = [f"analyst-{number}" for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda who: decide(gateway, alert_id, "FRAUD", who), analysts))
    codes = [answer.status_code for answer in answers]
    assert sorted(codes) == [200] + [409] * (CLIENTS - 1)
    winner = analysts[codes.index(200)]
    rows = gateway.history(alert_id)[1:]
    assert {row["analyst_id"] for row in rows} == {winner}
    for answer in answers:
        if answer.status_code != 200:
            require_error(answer, 409)


def test_reopened_alert_can_be_decided_again(gateway: Served) -> None:
    alert_id = gateway.new_alert("RESOLVED")
    by_put(gateway, alert_id, "ACTIVE")
    assert decide(gateway, alert_id, "LEGITIMATE").json()["updated_status"] == "FALSE_POSITIVE"
    actions = [row["action"] for row in gateway.history(alert_id)]
    assert "REOPENED" in actions
