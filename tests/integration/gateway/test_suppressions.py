"""Suppression rules over REST: what they hold back, what they never do, and who may make them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import body, raise_alert
from tests.support.people import SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer, alert_id_of, payment
from tests.support.waiting import eventually

PATH = "/api/suppressions"


def rule(**changes: Any) -> dict[str, Any]:
    return {
        "entity_type": "ACCOUNT",
        "entity_id": "account-1",
        "until": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
        "comment": "payroll of a known customer",
    } | changes


async def add(client: httpx.AsyncClient, **changes: Any) -> str:
    answer = await client.post(PATH, json=rule(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["suppression_id"])


async def evaluate(client: httpx.AsyncClient, transaction_id: str, **changes: Any) -> Any:
    answer = await client.post("/api/detection/evaluate", json=body(transaction_id, **changes))
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def test_alert_of_a_known_account_is_kept_as_a_hit(gateway: httpx.AsyncClient) -> None:
    suppression_id = await add(gateway)
    request = body("tx-1")
    for _ in range(2):
        data = (await gateway.post("/api/detection/evaluate", json=request)).json()["data"]
        assert data["should_alert"] is False
        assert data["alert_id"] is None
        assert data["suppressed_by"] == suppression_id
        assert data["risk_score"] == 85.5
        assert data["decision"] == "REVIEW"
    other = await evaluate(gateway, "tx-2", source_account="account-9")
    assert other["suppressed_by"] is None
    assert other["should_alert"] is True
    listed = (await gateway.get("/api/alerts")).json()
    assert [alert["alert_id"] for alert in listed["data"]] == [other["alert_id"]]
    trend = (await gateway.get("/api/dashboard/alerts-trend")).json()["data"]
    assert sum(trend["values"]) == 1
    metrics = (await gateway.get("/api/dashboard/metrics")).json()["data"]
    assert metrics["total_transactions"] == 2
    assert (await gateway.get(f"/api/alerts/{alert_id_of('tx-1')}")).status_code == 404
    (hit,) = (await gateway.get(f"{PATH}/{suppression_id}/hits")).json()["data"]
    assert hit["transaction_id"] == "tx-1"
    assert hit["alert_id"] == alert_id_of("tx-1")
    assert (hit["risk_score"], hit["severity"]) == (85.5, "HIGH")
    assert hit["leading_reason"] == "ACCOUNT_AMOUNT"
    looked_up = (await gateway.get("/api/transactions/tx-1")).json()["data"]
    assert (looked_up["alert"], looked_up["suppressed_by"]) == (None, suppression_id)
    shown = (await gateway.get(f"{PATH}/{suppression_id}")).json()["data"]
    assert shown["hit_count"] == 1
    assert shown["last_hit_at"] == hit["timestamp"]


async def test_critical_reaches_the_queue_unless_the_rule_includes_it(
    gateway: httpx.AsyncClient,
) -> None:
    suppression_id = await add(gateway)
    assert (await evaluate(gateway, "tx-1", amount=97))["should_alert"] is True
    answer = await gateway.patch(
        f"{PATH}/{suppression_id}", json={"include_critical": True, "comment": "really"}
    )
    assert answer.json()["data"]["include_critical"] is True
    assert (await evaluate(gateway, "tx-2", amount=97))["suppressed_by"] == suppression_id


async def test_an_open_alert_takes_nothing_in_that_is_held_back(
    gateway: httpx.AsyncClient,
) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    suppression_id = await add(gateway)
    assert (await evaluate(gateway, "tx-2", amount=90))["suppressed_by"] == suppression_id
    alert = (await gateway.get(f"/api/alerts/{alert_id}")).json()["data"]
    assert (alert["transaction_count"], alert["risk_score"]) == (1, 85.5)
    await gateway.post(f"{PATH}/{suppression_id}/end", json={"comment": "not any more"})
    assert (await evaluate(gateway, "tx-3"))["alert_id"] == alert_id


async def test_every_change_says_who_when_and_why(gateway: httpx.AsyncClient) -> None:
    suppression_id = await add(gateway, reason_code="ACCOUNT_AMOUNT")
    path = f"{PATH}/{suppression_id}"
    until = datetime.now(UTC) + timedelta(days=60)
    changed = await gateway.patch(
        path,
        json={"until": until.isoformat(), "comment": "two months"},
        headers={"If-Match": '"1"'},
    )
    assert changed.headers["etag"] == '"2"'
    stale = await gateway.post(f"{path}/end", json={"comment": "x"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error_code"]) == (409, "STALE_VERSION")
    ended = await gateway.post(f"{path}/end", json={"comment": "gone", "expected_version": 2})
    assert ended.json()["data"]["status"] == "ended"
    for again in (
        await gateway.post(f"{path}/end", json={"comment": "x"}),
        await gateway.patch(path, json={"comment": "x", "include_critical": True}),
    ):
        assert (again.status_code, again.json()["error_code"]) == (409, "SUPPRESSION_ENDED")
    shown = (await gateway.get(path)).json()["data"]
    assert [(each["action"], each["comment"]) for each in shown["history"]] == [
        ("CREATED", "payroll of a known customer"),
        ("CHANGED", "two months"),
        ("ENDED", "gone"),
    ]
    assert {each["analyst_id"] for each in shown["history"]} == {"anonymous"}
    assert until.isoformat() in shown["history"][1]["detail"]


async def test_lists_go_by_page_and_by_cursor(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    ids = [await add(gateway, entity_id=f"a-{number}") for number in range(7)]
    await gateway.post(f"{PATH}/{ids[3]}/end", json={"comment": "done"})
    for number in range(7):
        await scoring.score(payment(f"tx-{number}", amount_minor=8_000, account_id="a-6"))

    async def counted() -> bool:
        shown = (await gateway.get(f"{PATH}/{ids[6]}")).json()["data"]
        return bool(shown["hit_count"] == 7)

    await eventually(counted)

    async def listed(path: str, name: str, **params: Any) -> list[str]:
        by_page: list[str] = []
        for page in (1, 2, 3, 4):
            answer = (await gateway.get(path, params=params | {"limit": 2, "page": page})).json()
            by_page += [each[name] for each in answer["data"]]
        by_cursor: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await gateway.get(path, params=params | {"limit": 2, "cursor": cursor})
            by_cursor += [each[name] for each in answer.json()["data"]]
            cursor = answer.json()["pagination"]["next_cursor"]
        assert by_page == by_cursor
        assert answer.json()["pagination"]["total_records"] == len(by_page)
        return by_page

    rules = "suppression_id"
    assert await listed(PATH, rules) == ids[::-1]
    assert await listed(PATH, rules, status="ALL") == ids[::-1]
    assert await listed(PATH, rules, status="ended") == [ids[3]]
    assert await listed(PATH, rules, status="active") == [
        each for each in ids[::-1] if each != ids[3]
    ]
    hits = await listed(f"{PATH}/{ids[6]}/hits", "transaction_id")
    assert hits == [f"tx-{number}" for number in reversed(range(7))]
    first = (await gateway.get(PATH, params={"limit": 2})).json()["pagination"]["next_cursor"]
    wrong = await gateway.get(f"{PATH}/{ids[6]}/hits", params={"cursor": first})
    assert wrong.json()["details"]["fields"][0]["field"] == "cursor"
    unknown = await gateway.get(PATH, params={"status": "dead"})
    assert unknown.json()["details"]["fields"][0]["allowed"] == ["ALL", "active", "ended"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entity_type": "USER"}, "entity_type"),
        ({"entity_id": ""}, "entity_id"),
        ({"entity_id": "a\x00b"}, "entity_id"),
        ({"until": None}, "until"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2090-01-01T00:00:00Z"}, "until"),
        ({"until": "2090-01-01T00:00:00"}, "until"),
        ({"comment": ""}, "comment"),
        ({"comment": "   "}, "comment"),
        ({"reason_code": "lower"}, "reason_code"),
    ],
)
async def test_bad_rules_name_the_field_and_make_nothing(
    gateway: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    answer = await gateway.post(PATH, json=rule(**changes))
    assert answer.status_code == 422, answer.text
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]
    assert (await gateway.get(PATH)).json()["data"] == []


async def test_only_supervisors_make_rules_and_their_names_are_kept(
    open_gateway: Any, database: Database
) -> None:
    for name, role in (("ann", Role.ANALYST), ("sue", Role.SUPERVISOR)):
        await add_user(database, name, role)
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        headers = {name: bearer(await log_in(client, name)) for name in ("ann", "sue")}
        refused = await client.post(PATH, json=rule(), headers=headers["ann"])
        assert refused.status_code == 403
        made = (await client.post(PATH, json=rule(), headers=headers["sue"])).json()["data"]
        assert made["created_by"] == "sue"
        path = f"{PATH}/{made['suppression_id']}"
        for method, where in (("PATCH", path), ("POST", f"{path}/end")):
            answer = await client.request(
                method, where, json={"comment": "x"}, headers=headers["ann"]
            )
            assert answer.status_code == 403
        shown = await client.get(path, headers=headers["ann"])
        assert shown.json()["data"]["history"][0]["analyst_id"] == "sue"
