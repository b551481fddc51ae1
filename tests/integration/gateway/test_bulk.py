"""One call for many alerts: each for itself, and safe to send again."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import raise_alert
from tests.support.people import SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer
from tests.support.waiting import eventually

BULK = "/api/alerts/bulk"


async def three(client: httpx.AsyncClient) -> list[str]:
    return [await raise_alert(client, f"tx-{n}", source_account=f"a-{n}") for n in range(3)]


async def apply(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(BULK, json={"analyst_id": "ann"} | body)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def test_each_alert_gets_its_own_result(gateway: httpx.AsyncClient) -> None:
    ids = await three(gateway)
    await gateway.post(f"/api/alerts/{ids[1]}/claim", json={"analyst_id": "bob"})
    stale = {"alert_id": ids[2], "expected_version": 7}
    answer = await apply(gateway, action="claim", alert_ids=[ids[0], ids[1], stale, "unknown"])
    assert [(each["alert_id"], each["ok"], each["error_code"]) for each in answer["data"]] == [
        (ids[0], True, None),
        (ids[1], False, "ALREADY_ASSIGNED"),
        (ids[2], False, "STALE_VERSION"),
        ("unknown", False, "NOT_FOUND"),
    ]
    assert answer["data"][0]["status"] == "INVESTIGATING"
    assert (answer["data"][0]["version"], answer["data"][0]["assigned_to"]) == (2, "ann")
    assert answer["data"][1]["details"]["assigned_to"] == "bob"
    assert answer["summary"] == {"changed": 1, "unchanged": 0, "failed": 3}
    mine = await gateway.get("/api/queue/mine", params={"analyst_id": "ann"})
    assert [alert["alert_id"] for alert in mine.json()["data"]] == [ids[0]]


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"action": "claim"}, ["CLAIMED"]),
        ({"action": "assign", "analyst_id": "bob"}, ["REASSIGNED"]),
        ({"action": "decide", "decision": "FRAUD"}, ["CLAIMED", "DECIDED_FRAUD"]),
        ({"action": "decide", "decision": "LEGITIMATE"}, ["CLAIMED", "DECIDED_LEGITIMATE"]),
    ],
)
async def test_the_same_call_again_changes_nothing(
    gateway: httpx.AsyncClient, body: dict[str, Any], rows: list[str]
) -> None:
    pairs = [{"alert_id": each, "expected_version": 1} for each in await three(gateway)]
    first = await apply(gateway, alert_ids=pairs, **body)
    assert first["summary"] == {"changed": 3, "unchanged": 0, "failed": 0}
    again = await apply(gateway, alert_ids=pairs, **body)
    assert again["summary"] == {"changed": 0, "unchanged": 3, "failed": 0}
    assert [each | {"changed": True} for each in again["data"]] == first["data"]
    for pair in pairs:
        answer = await gateway.get(f"/api/investigations/{pair['alert_id']}/history")
        assert [entry["action"] for entry in answer.json()["history"]] == ["RAISED", *rows]


async def test_release_gives_back_what_is_taken(gateway: httpx.AsyncClient) -> None:
    ids = await three(gateway)
    await apply(gateway, action="claim", alert_ids=ids[:2])
    answer = await apply(gateway, action="release", alert_ids=ids)
    assert answer["summary"] == {"changed": 2, "unchanged": 1, "failed": 0}
    assert {each["status"] for each in answer["data"]} == {"ACTIVE"}


async def test_decisions_label_as_single_ones_do(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    ids = await three(gateway)
    await apply(gateway, action="decide", decision="FRAUD", notes=" mules ", alert_ids=ids)

    async def delivered() -> bool:
        return len(scoring.labels) == 3

    await eventually(delivered)
    assert {label.value for label in scoring.labels.values()} == {1}
    case = (await gateway.get(f"/api/investigations/{ids[0]}")).json()["data"]
    assert [note["content"] for note in case["notes"]] == ["mules"]
    metrics = (await gateway.get("/api/dashboard/metrics")).json()["data"]
    assert metrics["active_alerts"] == 0
    other = await apply(gateway, action="decide", decision="LEGITIMATE", alert_ids=ids)
    assert {each["error_code"] for each in other["data"]} == {"ALERT_CLOSED"}


async def test_rivals_share_the_alerts_without_doubling(gateway: httpx.AsyncClient) -> None:
    ids = [await raise_alert(gateway, f"tx-{n}", source_account=f"a-{n}") for n in range(10)]
    answers = await asyncio.gather(
        *(
            gateway.post(
                BULK, json={"action": "claim", "alert_ids": ids, "analyst_id": f"analyst-{n}"}
            )
            for n in range(5)
        )
    )
    won = [each for answer in answers for each in answer.json()["data"] if each["changed"]]
    assert sorted(each["alert_id"] for each in won) == sorted(ids)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "burn", "alert_ids": ["a"]}, "action"),
        ({"action": "claim", "alert_ids": []}, "alert_ids"),
        ({"action": "claim", "alert_ids": [f"a-{n}" for n in range(101)]}, "alert_ids"),
        ({"action": "claim", "alert_ids": ["a", {"alert_id": "a"}]}, "alert_ids"),
        ({"action": "claim", "alert_ids": [{"expected_version": 1}]}, "alert_ids"),
        ({"action": "decide", "alert_ids": ["a"]}, "decision"),
        ({"action": "assign", "alert_ids": ["a"]}, "analyst_id"),
    ],
)
async def test_bad_calls_name_the_field(
    gateway: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await gateway.post(BULK, json=body)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]


async def test_missing_notes_refuse_the_whole_call(open_gateway: Any) -> None:
    async with open_gateway(require_fraud_notes=True) as client:
        ids = await three(client)
        answer = await client.post(
            BULK, json={"action": "decide", "decision": "FRAUD", "alert_ids": ids}
        )
        assert answer.status_code == 422
        assert answer.json()["details"]["fields"][0]["field"] == "notes"


async def test_analysts_claim_but_only_supervisors_assign_and_decide(
    open_gateway: Any, database: Database
) -> None:
    for name, role in (("ann", Role.ANALYST), ("sue", Role.SUPERVISOR), ("vic", Role.VIEWER)):
        await add_user(database, name, role)
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        headers = {name: bearer(await log_in(client, name)) for name in ("ann", "sue", "vic")}
        client.headers.update(headers["sue"])
        ids = await three(client)
        assign = {"action": "assign", "alert_ids": ids, "analyst_id": "ann"}
        decide = {"action": "decide", "alert_ids": ids, "decision": "FRAUD"}
        claim = {"action": "claim", "alert_ids": ids}
        for body in (assign, decide):
            refused = await client.post(BULK, json=body, headers=headers["ann"])
            assert refused.status_code == 403
        assert (await client.post(BULK, json=claim, headers=headers["vic"])).status_code == 403
        claimed = await client.post(BULK, json=claim, headers=headers["ann"])
        assert claimed.json()["summary"]["changed"] == 3
        wrong = await client.post(BULK, json=assign | {"analyst_id": "vic"})
        assert wrong.json()["details"]["fields"][0]["field"] == "analyst_id"
        assert (await client.post(BULK, json=assign)).json()["summary"]["unchanged"] == 3
        assert (await client.post(BULK, json=decide)).json()["summary"]["changed"] == 3
        history = await client.get(f"/api/investigations/{ids[0]}/history")
        assert [entry["analyst_id"] for entry in history.json()["history"]] == [
            "system",
            "ann",
            "sue",
        ]
