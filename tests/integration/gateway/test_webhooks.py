"""Deliveries to a real receiver, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.services.webhook_courier import ATTEMPTS_AT_ONCE
from tests.support.alerts import raise_alert
from tests.support.receiver import Received, Receiver, receiver
from tests.support.waiting import eventually


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


@pytest.fixture
async def quick(open_gateway: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that tries again soon, and three times in all."""
    async with open_gateway(webhook_pause_first_ms=10, webhook_attempts_max=3) as client:
        yield client


async def add(client: httpx.AsyncClient, url: str, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/webhooks", json={"url": url} | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


async def listed(client: httpx.AsyncClient, webhook: dict[str, Any], **params: Any) -> list[Any]:
    answer = await client.get(f"/api/webhooks/{webhook['webhook_id']}/deliveries", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


async def settled(
    client: httpx.AsyncClient, webhook: dict[str, Any], status: str, number: int = 1
) -> list[Any]:
    """Return the deliveries of a status once there are so many."""

    async def there_are() -> bool:
        return len(await listed(client, webhook, status=status, limit=100)) >= number

    await eventually(there_are)
    return await listed(client, webhook, status=status, limit=100)


async def alerts(client: httpx.AsyncClient, number: int, start: int = 0) -> list[str]:
    return [
        await raise_alert(client, f"tx-{index}", source_account=f"account-{index}")
        for index in range(start, start + number)
    ]


async def test_change_arrives_signed_and_as_the_list_shows_it(
    gateway: httpx.AsyncClient, there: Receiver
) -> None:
    await raise_alert(gateway, "tx-before")
    webhook = await add(gateway, there.url)
    alert_id = await raise_alert(gateway, "tx-1", source_account="account-9")
    decision = {"decision": "LEGITIMATE", "analyst_id": "anna"}
    await gateway.post(f"/api/investigations/{alert_id}/decision", json=decision)
    await settled(gateway, webhook, "DELIVERED", 3)
    # What was before the webhook is not told.
    by_action = {each.message["data"]["change"]["action"]: each for each in there.got}
    assert by_action.keys() == {"RAISED", "CLAIMED", "DECIDED_LEGITIMATE"}
    closed = by_action["DECIDED_LEGITIMATE"]
    assert closed.path == "/alerts?key=1"
    assert closed.headers["content-type"] == "application/json"
    assert closed.headers["host"] == f"127.0.0.1:{there.port}"
    assert closed.message["type"] == "alert.closed"
    assert closed.message["data"]["alert_id"] == alert_id
    assert closed.message["data"]["status"] == "FALSE_POSITIVE"
    assert closed.message["data"]["change"]["analyst_id"] == "anna"
    assert all(each.signed_with(webhook["secret"]) for each in there.got)
    forged = Received(closed.path, closed.headers, closed.body.replace(b"anna", b"emma"))
    assert not forged.signed_with(webhook["secret"])
    figures = (await gateway.get("/metrics")).text
    assert '\ngateway_webhook_deliveries_total{result="delivered"} 3.0' in figures
    assert "\ngateway_webhook_backlog 0.0" in figures


async def test_only_what_is_wanted_is_told(gateway: httpx.AsyncClient, there: Receiver) -> None:
    webhook = await add(gateway, there.url, events=["alert.raised"], severity_min="CRITICAL")
    await raise_alert(gateway, "tx-1", amount=60.0)
    grave = await raise_alert(gateway, "tx-2", amount=99.0, source_account="account-9")
    await gateway.post(f"/api/investigations/{grave}/notes", json={"content": "odd"})
    await settled(gateway, webhook, "DELIVERED")
    path = f"/api/webhooks/{webhook['webhook_id']}"
    await gateway.patch(path, json={"events": ["alert.closed"], "severity_min": "LOW"})
    await gateway.post(f"/api/investigations/{grave}/decision", json={"decision": "FRAUD"})
    await settled(gateway, webhook, "DELIVERED", 2)
    told = sorted((each.message["type"], each.message["data"]["alert_id"]) for each in there.got)
    assert told == [("alert.closed", grave), ("alert.raised", grave)]


async def test_ping_tells_whether_it_arrives(quick: httpx.AsyncClient, there: Receiver) -> None:
    webhook = await add(quick, there.url)
    path = f"/api/webhooks/{webhook['webhook_id']}"
    queued = await quick.post(f"{path}/test")
    assert queued.status_code == 202
    (delivery,) = await settled(quick, webhook, "DELIVERED")
    assert delivery["delivery_id"] == queued.json()["data"]["delivery_id"] == there.ids[0]
    assert there.got[0].message["type"] == "ping"
    replaced = (await quick.post(f"{path}/secret")).json()["data"]
    assert replaced["secret"] != webhook["secret"]
    await quick.post(f"{path}/test")
    await settled(quick, webhook, "DELIVERED", 2)
    assert [each.signed_with(replaced["secret"]) for each in there.got] == [False, True]
    await quick.patch(path, json={"active": False})
    refused = await quick.post(f"{path}/test")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "WEBHOOK_INACTIVE")


async def test_failed_attempt_is_made_again_with_the_same_id(
    quick: httpx.AsyncClient, there: Receiver
) -> None:
    answers = ["500 Internal Server Error", "302 Found\r\nLocation: /elsewhere", "200 OK"]

    async def answer(_: Received) -> str:
        return answers.pop(0)

    there.answer = answer
    webhook = await add(quick, there.url)
    await alerts(quick, 1)
    (delivery,) = await settled(quick, webhook, "DELIVERED")
    assert (delivery["attempts"], delivery["last_status"], delivery["last_error"]) == (3, 200, "")
    assert there.ids == [delivery["delivery_id"]] * 3
    # A redirect is a failure; nobody went where it led.
    assert {each.path for each in there.got} == {"/alerts?key=1"}
    assert len({each.body for each in there.got}) == 1


async def test_dead_letter_waits_for_a_person_and_can_be_sent_again(
    quick: httpx.AsyncClient, there: Receiver
) -> None:
    async def answer(_: Received) -> str:
        return "503 Service Unavailable\r\nRetry-After: 0"

    there.answer = answer
    webhook = await add(quick, there.url)
    await alerts(quick, 2)
    dead = await settled(quick, webhook, "DEAD", 2)
    assert [(each["attempts"], each["last_status"]) for each in dead] == [(3, 503)] * 2
    assert dead[0]["last_error"] == "HTTP 503"
    assert len(there.got) == 6
    first = await listed(quick, webhook, status="DEAD", limit=1)
    answer_page = await quick.get(
        f"/api/webhooks/{webhook['webhook_id']}/deliveries", params={"status": "DEAD", "limit": 1}
    )
    cursor = answer_page.json()["pagination"]["next_cursor"]
    assert answer_page.json()["pagination"]["total_records"] == 2
    second = await listed(quick, webhook, status="DEAD", limit=1, cursor=cursor)
    assert [each["delivery_id"] for each in first + second] == [
        each["delivery_id"] for each in dead
    ]
    there.answer = Receiver().answer
    path = f"/api/webhooks/{webhook['webhook_id']}/deliveries/{dead[0]['delivery_id']}/redeliver"
    assert (await quick.post(path)).status_code == 202
    (delivered,) = await settled(quick, webhook, "DELIVERED")
    assert delivered["delivery_id"] == dead[0]["delivery_id"] == there.ids[-1]
    again = await quick.post(path)
    assert (again.status_code, again.json()["error_code"]) == (409, "DELIVERY_NOT_DEAD")
    assert (await quick.post(path.replace("msg_", "msx_"))).status_code == 404


async def test_receiver_that_is_gone_is_left_alone(
    quick: httpx.AsyncClient, there: Receiver
) -> None:
    async def answer(_: Received) -> str:
        return "410 Gone"

    there.answer = answer
    webhook = await add(quick, there.url)
    path = f"/api/webhooks/{webhook['webhook_id']}"
    await alerts(quick, 1)

    async def disabled() -> bool:
        return (await quick.get(path)).json()["data"]["active"] is False

    await eventually(disabled)
    body = (await quick.get(path)).json()["data"]
    assert (body["disabled_reason"], body["version"]) == ("GONE", 2)
    assert [each["status"] for each in await listed(quick, webhook)] == ["DEAD"]
    other = await add(quick, there.url.replace("alerts", "other"))
    there.answer = Receiver().answer
    await alerts(quick, 1, start=5)
    await settled(quick, other, "DELIVERED")
    assert len(await listed(quick, webhook)) == 1
    woken = await quick.patch(path, json={"active": True})
    assert woken.json()["data"]["disabled_reason"] is None


async def test_receiver_that_does_not_answer_holds_up_nobody_else(
    quick: httpx.AsyncClient, there: Receiver
) -> None:
    release = asyncio.Event()

    async def answer(_: Received) -> str:
        await release.wait()
        return "200 OK"

    async with receiver() as stuck:
        stuck.answer = answer
        slow = await add(quick, stuck.url)
        fast = await add(quick, there.url)
        await alerts(quick, 20)
        await settled(quick, fast, "DELIVERED", 20)
        assert len(set(there.ids)) == len(there.ids) == 20
        assert await listed(quick, slow, status="DELIVERED") == []
        assert stuck.open == len(stuck.got) == ATTEMPTS_AT_ONCE
        release.set()
        await settled(quick, slow, "DELIVERED", 20)
        assert len(set(stuck.ids)) == len(stuck.ids) == 20


async def test_nobody_there_is_told_in_the_list(quick: httpx.AsyncClient, there: Receiver) -> None:
    async with receiver() as closed:
        url = closed.url
    webhook = await add(quick, url)
    await alerts(quick, 1)
    (delivery,) = await settled(quick, webhook, "DEAD")
    assert (delivery["last_status"], delivery["last_error"]) == (None, "ConnectError")
