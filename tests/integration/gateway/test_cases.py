"""Cases over REST: alerts of one owner, in one open case at most, with one history."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from anomaly.v1 import transaction_pb2

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import raise_alert
from tests.support.people import SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer, alert_id_of
from tests.support.waiting import eventually

PATH = "/api/cases"
ANN = {"analyst_id": "ann"}


def trade(transaction_id: str, account_id: str, owner_id: str) -> Any:
    """Return a trade that raises an alert."""
    made = transaction_pb2.Transaction(
        transaction_id=transaction_id,
        trade=transaction_pb2.Trade(
            account_id=account_id,
            owner_id=owner_id,
            instrument_id="i-1",
            side=1,
            price_nanos=10**9,
            quantity_micros=90_000_000,
            currency="EUR",
        ),
    )
    made.event_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None))
    return made


async def make(client: httpx.AsyncClient, *alert_ids: str, **fields: Any) -> dict[str, Any]:
    answer = await client.post(
        PATH, json={"title": "mules", "alert_ids": list(alert_ids)} | ANN | fields
    )
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def of_account(client: httpx.AsyncClient, account_id: str, number: int) -> list[str]:
    """Raise alerts of one account that do not fold, as each begins before the one before."""
    return [
        await raise_alert(
            client,
            f"{account_id}-{index}",
            source_account=account_id,
            timestamp=f"2026-02-09T{23 - index}:00:00Z",
        )
        for index in range(number)
    ]


async def test_payments_and_trades_of_one_owner_are_one_case(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    payment_alert = await raise_alert(gateway, "tx-1", source_account="olga")
    stranger = await raise_alert(gateway, "tx-2", source_account="otto")
    for transaction_id, account_id in (("tr-1", "t-1"), ("tr-2", "t-2")):
        await scoring.score(trade(transaction_id, account_id, "olga"))
    trades = [alert_id_of("tr-1"), alert_id_of("tr-2")]

    async def suggested(alert_id: str) -> set[str]:
        answer = await gateway.get(f"{PATH}/suggestion", params={"alert_id": alert_id})
        return {alert["alert_id"] for alert in answer.json()["data"]}

    async def both() -> bool:
        return await suggested(payment_alert) == set(trades)

    await eventually(both)
    assert await suggested(trades[0]) == {payment_alert, trades[1]}
    assert await suggested(stranger) == set()
    case = await make(gateway, payment_alert, trades[0])
    assert (case["owner_id"], case["alert_count"], case["status"]) == ("olga", 2, "OPEN")
    # What is in an open case or closed is not suggested.
    assert await suggested(payment_alert) == {trades[1]}
    await gateway.post(f"/api/investigations/{trades[1]}/decision", json={"decision": "FRAUD"})
    assert await suggested(payment_alert) == set()
    investigation = (await gateway.get(f"/api/investigations/{trades[0]}")).json()["data"]
    assert investigation["case_id"] == case["case_id"]
    other = (await gateway.get(f"/api/investigations/{stranger}")).json()["data"]
    assert other["case_id"] is None
    refused = await gateway.post(
        f"{PATH}/{case['case_id']}/alerts", json={"add": [stranger, trades[1]]}
    )
    assert refused.status_code == 422
    assert refused.json()["details"]["fields"][0]["field"] == "add"
    assert stranger in refused.json()["message"]
    joined = await gateway.post(f"{PATH}/{case['case_id']}/alerts", json={"add": [trades[1]]})
    assert joined.json()["data"]["alert_count"] == 3


async def test_an_alert_is_in_one_open_case_at_most(gateway: httpx.AsyncClient) -> None:
    ids = await of_account(gateway, "a", 3)
    case = await make(gateway, ids[0], ids[1])
    taken = await gateway.post(PATH, json={"title": "again", "alert_ids": [ids[1], ids[2]]})
    assert (taken.status_code, taken.json()["error_code"]) == (409, "ALERT_IN_CASE")
    assert taken.json()["details"]["cases"] == {ids[1]: case["case_id"]}
    assert (await gateway.get(PATH)).json()["pagination"]["total_records"] == 1
    other = await make(gateway, ids[2])
    path = f"{PATH}/{other['case_id']}"
    assert (await gateway.post(f"{path}/alerts", json={"add": [ids[0]]})).status_code == 409
    # A closed case lets its alerts go, and cannot be reopened while another has one of them.
    closed = await gateway.patch(f"{PATH}/{case['case_id']}", json={"status": "CLOSED"})
    assert closed.json()["data"]["closed_at"] is not None
    assert (await gateway.post(f"{path}/alerts", json={"add": [ids[0]]})).status_code == 200
    again = await gateway.patch(f"{PATH}/{case['case_id']}", json={"status": "OPEN"})
    assert (again.status_code, again.json()["error_code"]) == (409, "ALERT_IN_CASE")
    await gateway.post(f"{path}/alerts", json={"remove": [ids[0]]})
    again = await gateway.patch(f"{PATH}/{case['case_id']}", json={"status": "OPEN"})
    assert again.json()["data"]["status"] == "OPEN"


async def test_of_rivals_for_one_alert_one_gets_it(gateway: httpx.AsyncClient) -> None:
    ids = await of_account(gateway, "a", 4)
    answers = await asyncio.gather(
        *(
            gateway.post(
                PATH,
                json={"title": f"case {number}", "alert_ids": ids if number % 2 else ids[::-1]},
            )
            for number in range(20)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert {answer.json().get("error_code") for answer in answers} == {None, "ALERT_IN_CASE"}
    (case,) = (await gateway.get(PATH)).json()["data"]
    detail = (await gateway.get(f"{PATH}/{case['case_id']}")).json()["data"]
    assert sorted(alert["alert_id"] for alert in detail["alerts"]) == sorted(ids)


async def test_notes_and_history_of_case_and_alerts_are_one_story(
    gateway: httpx.AsyncClient,
) -> None:
    first, second = await of_account(gateway, "a", 2)
    case_id = (await make(gateway, first, assigned_to="bob"))["case_id"]
    path = f"{PATH}/{case_id}"
    note = await gateway.post(f"{path}/notes", json={"content": "called him"} | ANN)
    assert note.status_code == 201
    assert note.json()["data"]["content"] == "called him"
    await gateway.post(f"/api/alerts/{first}/claim", json=ANN)
    await gateway.post(f"{path}/alerts", json={"add": [second]} | ANN)
    await gateway.post(f"{path}/alerts", json={"add": [second]} | ANN)
    await gateway.post(
        f"/api/investigations/{first}/decision", json={"decision": "FRAUD", "notes": "mule"} | ANN
    )
    await gateway.patch(path, json={"status": "CLOSED", "comment": "done"} | ANN)
    answer = await gateway.get(path)
    detail = answer.json()["data"]
    assert [
        (entry["action"], entry["alert_id"], entry["content"], entry["new_status"])
        for entry in detail["history"]
        if entry["action"] != "RAISED"
    ] == [
        ("OPENED", None, "mules", None),
        ("ASSIGNED", None, "to bob", None),
        ("ALERT_ADDED", first, "", None),
        ("NOTE_ADDED", None, "called him", None),
        ("CLAIMED", first, "", "INVESTIGATING"),
        ("ALERT_ADDED", second, "", None),
        ("DECIDED_FRAUD", first, "mule", "RESOLVED"),
        ("CLOSED", None, "done", None),
    ]
    times = [entry["timestamp"] for entry in detail["history"]]
    assert times == sorted(times)
    assert detail["history_complete"] is True
    assert answer.headers["etag"] == '"3"'
    assert [alert["status"] for alert in detail["alerts"]] == ["RESOLVED", "ACTIVE"]
    late = await gateway.post(f"{path}/notes", json={"content": "he paid"})
    assert late.status_code == 201
    refused = await gateway.post(f"{path}/alerts", json={"remove": [second]})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "CASE_CLOSED")


async def test_stale_version_changes_nothing(gateway: httpx.AsyncClient) -> None:
    first, second = await of_account(gateway, "a", 2)
    case_id = (await make(gateway, first))["case_id"]
    path = f"{PATH}/{case_id}"
    await gateway.post(f"{path}/alerts", json={"add": [second]})
    stale = await gateway.patch(path, json={"status": "CLOSED"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error_code"]) == (409, "STALE_VERSION")
    stale = await gateway.post(f"{path}/alerts", json={"remove": [first], "expected_version": 1})
    assert stale.status_code == 409
    fresh = await gateway.patch(path, json={"status": "CLOSED"}, headers={"If-Match": '"2"'})
    assert fresh.headers["etag"] == '"3"'
    again = await gateway.patch(path, json={"status": "CLOSED"})
    assert (again.status_code, again.json()["error_code"]) == (409, "ILLEGAL_TRANSITION")


async def test_list_goes_by_page_cursor_status_and_analyst(gateway: httpx.AsyncClient) -> None:
    ids = await of_account(gateway, "a", 6)
    cases = [
        (await make(gateway, each, **({"assigned_to": "ann"} if index % 2 else {})))["case_id"]
        for index, each in enumerate(ids)
    ]
    await gateway.patch(f"{PATH}/{cases[0]}", json={"status": "CLOSED"})
    cases.reverse()

    async def listed(**params: Any) -> list[str]:
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await gateway.get(PATH, params=params | {"limit": 2, "cursor": cursor})
            found += [case["case_id"] for case in answer.json()["data"]]
            cursor = answer.json()["pagination"]["next_cursor"]
        pages = [
            case["case_id"]
            for page in (1, 2, 3)
            for case in (
                await gateway.get(PATH, params=params | {"limit": 2, "page": page})
            ).json()["data"]
        ]
        assert pages == found
        return found

    assert await listed() == await listed(status="ALL", assigned_to="ALL") == cases
    assert await listed(status="CLOSED") == [cases[5]]
    assert await listed(status="OPEN") == cases[:5]
    assert await listed(assigned_to="ann") == cases[::2]
    assert await listed(assigned_to="me", analyst_id="ann") == cases[::2]
    assert await listed(assigned_to="nobody", status="OPEN") == [cases[1], cases[3]]
    bad = await gateway.get(PATH, params={"status": "ACTIVE"})
    assert bad.json()["details"]["fields"][0]["allowed"] == ["ALL", "OPEN", "CLOSED"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"alert_ids": ["a"]}, "title"),
        ({"title": " ", "alert_ids": ["a"]}, "title"),
        ({"title": "x" * 201, "alert_ids": ["a"]}, "title"),
        ({"title": "x"}, "alert_ids"),
        ({"title": "x", "alert_ids": []}, "alert_ids"),
        ({"title": "x", "alert_ids": [f"a-{n}" for n in range(101)]}, "alert_ids"),
    ],
)
async def test_bad_cases_name_the_field(
    gateway: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await gateway.post(PATH, json=body)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]


async def test_unknown_ids_are_404_and_make_nothing(gateway: httpx.AsyncClient) -> None:
    (alert_id,) = await of_account(gateway, "a", 1)
    assert (
        await gateway.post(PATH, json={"title": "x", "alert_ids": [alert_id, "unknown"]})
    ).status_code == 404
    assert (await gateway.get(PATH)).json()["data"] == []
    for method, path, body in (
        ("GET", f"{PATH}/unknown", None),
        ("PATCH", f"{PATH}/unknown", {"status": "CLOSED"}),
        ("POST", f"{PATH}/unknown/alerts", {"add": [alert_id]}),
        ("POST", f"{PATH}/unknown/notes", {"content": "x"}),
        ("GET", f"{PATH}/suggestion?alert_id=unknown", None),
    ):
        answer = await gateway.request(method, path, json=body)
        assert answer.status_code == 404, path
    case_id = (await make(gateway, alert_id))["case_id"]
    empty = await gateway.post(f"{PATH}/{case_id}/alerts", json={})
    assert empty.status_code == 422


async def test_with_a_login_a_case_goes_to_who_may_work(
    open_gateway: Any, database: Database
) -> None:
    for name, role in (("vic", Role.VIEWER), ("ann", Role.ANALYST), ("sue", Role.SUPERVISOR)):
        await add_user(database, name, role)
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        headers = {name: bearer(await log_in(client, name)) for name in ("ann", "sue", "vic")}
        client.headers.update(headers["sue"])
        (alert_id,) = await of_account(client, "a", 1)
        body = {"title": "x", "alert_ids": [alert_id]}
        assert (await client.post(PATH, json=body, headers=headers["vic"])).status_code == 403
        wrong = await client.post(PATH, json=body | {"assigned_to": "vic"})
        assert wrong.json()["details"]["fields"][0]["field"] == "assigned_to"
        made = await client.post(
            PATH, json=body | {"assigned_to": "sue"} | {"analyst_id": "x"}, headers=headers["ann"]
        )
        assert made.json()["data"]["created_by"] == "ann"
        mine = await client.get(PATH, params={"assigned_to": "me"})
        assert len(mine.json()["data"]) == 1
