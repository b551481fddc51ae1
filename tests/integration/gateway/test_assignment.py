"""Claiming, releasing and assigning alerts, and the queue that hands them out."""

from typing import Any

import httpx

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import raise_alert
from tests.support.people import SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer, payment
from tests.support.waiting import eventually

ANN = {"analyst_id": "ann"}


async def history_of(client: httpx.AsyncClient, alert_id: str) -> list[tuple[str, str, str]]:
    answer = await client.get(f"/api/investigations/{alert_id}/history")
    return [
        (entry["action"], entry["analyst_id"], entry["content"])
        for entry in answer.json()["history"][1:]
    ]


async def test_claim_release_and_assign_leave_their_rows(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    path = f"/api/alerts/{alert_id}"
    claimed = await gateway.post(f"{path}/claim", json=ANN)
    assert claimed.status_code == 200
    assert claimed.headers["etag"] == '"2"'
    assert claimed.json()["data"]["status"] == "INVESTIGATING"
    assert claimed.json()["data"]["assigned_to"] == "ann"
    again = await gateway.post(f"{path}/claim", json={"analyst_id": "bob"})
    assert (again.status_code, again.json()["error_code"]) == (409, "ALREADY_ASSIGNED")
    assert again.json()["details"]["assigned_to"] == "ann"
    assigned = await gateway.post(f"{path}/assign", json={"analyst_id": "bob"})
    assert assigned.json()["data"]["assigned_to"] == "bob"
    released = await gateway.post(f"{path}/release", json={"analyst_id": "bob"})
    assert released.json()["data"]["status"] == "ACTIVE"
    assert released.json()["data"]["assigned_to"] is None
    assert await history_of(gateway, alert_id) == [
        ("CLAIMED", "ann", ""),
        ("REASSIGNED", "anonymous", "to bob instead of ann"),
        ("RELEASED", "bob", ""),
    ]


async def test_stale_version_and_bad_bodies_change_nothing(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    path = f"/api/alerts/{alert_id}"
    stale = await gateway.post(f"{path}/claim", headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["error_code"]) == (409, "STALE_VERSION")
    for body in ({}, {"analyst_id": ""}, {"analyst_id": "x" * 65}, {"analyst_id": 3}):
        refused = await gateway.post(f"{path}/assign", json=body)
        assert refused.status_code == 422, body
        assert refused.json()["details"]["fields"][0]["field"] == "analyst_id"
    assert (await gateway.post("/api/alerts/unknown/claim")).status_code == 404
    assert await history_of(gateway, alert_id) == []
    assert (await gateway.post(f"{path}/claim")).json()["data"]["version"] == 2


async def test_next_hands_out_the_most_urgent_first(gateway: httpx.AsyncClient) -> None:
    ids = {
        amount: await raise_alert(
            gateway, f"tx-{amount}", amount=amount, source_account=f"a{amount}"
        )
        for amount in (60, 97, 85)
    }
    taken = []
    for name in ("ann", "bob", "ann", "bob"):
        answer = await gateway.post("/api/queue/next", json={"analyst_id": name})
        assert answer.status_code == 200
        taken.append(answer.json()["data"])
    assert [each["alert_id"] for each in taken[:3]] == [ids[97], ids[85], ids[60]]
    assert [each["assigned_to"] for each in taken[:3]] == ["ann", "bob", "ann"]
    assert taken[3] is None


async def test_mine_are_the_open_ones_that_i_have(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    for number in range(7):
        await scoring.score(payment(f"tx-{number}", amount_minor=9_000, account_id=f"a-{number}"))

    async def all_there() -> bool:
        return len((await gateway.get("/api/alerts")).json()["data"]) == 7

    await eventually(all_there)
    ids = [
        (await gateway.post("/api/queue/next", json=ANN)).json()["data"]["alert_id"]
        for _ in range(6)
    ]
    await gateway.post("/api/queue/next", json={"analyst_id": "bob"})
    await gateway.post(f"/api/investigations/{ids[5]}/decision", json={"decision": "FRAUD"} | ANN)
    by_page, by_cursor = [], []
    for page in (1, 2, 3):
        answer = await gateway.get("/api/queue/mine", params=ANN | {"limit": 2, "page": page})
        by_page += [alert["alert_id"] for alert in answer.json()["data"]]
        assert answer.json()["pagination"]["total_records"] == 5
    cursor: str | None = ""
    while cursor is not None:
        answer = await gateway.get("/api/queue/mine", params=ANN | {"limit": 2, "cursor": cursor})
        by_cursor += [alert["alert_id"] for alert in answer.json()["data"]]
        cursor = answer.json()["pagination"]["next_cursor"]
    assert by_page == by_cursor == ids[:5]
    bad = await gateway.get("/api/queue/mine", params=ANN | {"cursor": "nonsense"})
    assert bad.json()["details"]["fields"][0]["field"] == "cursor"


async def test_with_a_login_only_supervisors_assign_and_only_to_who_may_work(
    open_gateway: Any, database: Database
) -> None:
    for name, role in (
        ("vic", Role.VIEWER),
        ("ann", Role.ANALYST),
        ("bob", Role.ANALYST),
        ("sue", Role.SUPERVISOR),
    ):
        await add_user(database, name, role)
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        headers = {name: bearer(await log_in(client, name)) for name in ("ann", "sue")}
        client.headers.update(headers["sue"])
        alert_id = await raise_alert(client, "tx-1")
        path = f"/api/alerts/{alert_id}/assign"
        refused = await client.post(path, json={"analyst_id": "bob"}, headers=headers["ann"])
        assert refused.status_code == 403
        for nobody in ("vic", "nobody", "token:core"):
            answer = await client.post(path, json={"analyst_id": nobody})
            assert answer.status_code == 422, nobody
            assert answer.json()["details"]["fields"][0]["field"] == "analyst_id"
        assert (await client.post(path, json={"analyst_id": "bob"})).status_code == 200
        # Who acted is whose token it is, whatever the body says.
        mine = await client.post(
            f"/api/alerts/{alert_id}/release", json={"analyst_id": "bob"}, headers=headers["ann"]
        )
        assert mine.status_code == 200
        assert await history_of(client, alert_id) == [
            ("REASSIGNED", "sue", "to bob"),
            ("RELEASED", "ann", ""),
        ]
