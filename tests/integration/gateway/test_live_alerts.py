"""Live events about alerts, through gateways that are processes, over real connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import raise_alert
from tests.support.event_stream import EventSource, event_source
from tests.support.gateway_process import Start
from tests.support.people import SECRET, add_user, bearer, log_in
from tests.support.waiting import eventually


@pytest.fixture
async def two(start: Start) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    async with start() as one, start() as other:
        yield one, other


async def move(client: httpx.AsyncClient, alert_id: str, status: str) -> None:
    answer = await client.patch(
        f"/api/alerts/{alert_id}/status", params={"status": status}, json={"analyst_id": "anna"}
    )
    assert answer.status_code == 200, answer.text


async def take(source: EventSource, number: int) -> list[tuple[str, str]]:
    """Return name and action of so many events."""
    return [(event.name, event.data["change"]["action"]) for event in await source.take(number)]


async def test_all_that_happens_is_told_to_clients_of_every_process(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    here, there = two
    async with event_source(here) as one, event_source(there) as other:
        assert one.headers["content-type"].startswith("text/event-stream")
        assert one.headers["cache-control"] == "no-store"
        assert 1_000 <= one.retry_ms <= 3_000
        alert_id = await raise_alert(there, "tx-1")
        (raised,) = await one.take(1)
        listed = (await here.get("/api/alerts")).json()["data"][0]
        assert raised.name == "alert.raised"
        assert {key: raised.data[key] for key in listed} == listed
        await raise_alert(there, "tx-2", amount=90.0)
        notes = f"/api/investigations/{alert_id}"
        await there.post(f"{notes}/notes", json={"content": "odd", "analyst_id": "anna"})
        await there.post(f"{notes}/decision", json={"decision": "FRAUD", "analyst_id": "anna"})
        await move(there, alert_id, "ACTIVE")
        told = [
            ("alert.changed", "FOLDED"),
            ("alert.changed", "NOTE_ADDED"),
            ("alert.changed", "CLAIMED"),
            ("alert.closed", "DECIDED_FRAUD"),
            ("alert.changed", "REOPENED"),
        ]
        assert await take(one, 5) == told
        events = await other.take(6)
        assert [event.name for event in events] == ["alert.raised", *(name for name, _ in told)]
        folded, noted = events[1].data, events[2].data
        assert folded["transaction_count"] >= 2
        assert folded["change"]["content"] == "1 transaction was folded in"
        assert folded["change"]["analyst_id"] == "system"
        assert noted["change"]["content"] == "odd"
        assert noted["change"]["analyst_id"] == "anna"
        history = await here.get(f"/api/investigations/{alert_id}/history")
        assert [row["action"] for row in history.json()["history"]] == [
            event.data["change"]["action"] for event in events
        ]


async def test_filters_pass_what_comes_and_what_leaves(start: Start) -> None:
    async with start() as client, AsyncExitStack() as stack:

        async def source(**params: str) -> EventSource:
            return await stack.enter_async_context(event_source(client, params=params))

        grave, active = await source(severity="CRITICAL"), await source(status="ACTIVE")
        everything = await source(severity="ALL", status="ALL")
        small = await raise_alert(client, "tx-1", amount=55.0)
        await move(client, small, "INVESTIGATING")
        await move(client, small, "RESOLVED")
        await raise_alert(client, "tx-2", amount=99.0, source_account="account-9")
        assert await take(grave, 1) == [("alert.raised", "RAISED")]
        assert await take(active, 3) == [
            ("alert.raised", "RAISED"),
            ("alert.changed", "CLAIMED"),
            ("alert.raised", "RAISED"),
        ]
        assert [name for name, _ in await take(everything, 4)][2] == "alert.closed"
        for params in ({"severity": "GRAVE"}, {"status": "OPEN"}, {"last_event_id": "7"}):
            refused = await client.get("/api/live/alerts", params=params)
            assert refused.status_code == 422
            assert [each["field"] for each in refused.json()["details"]["fields"]] == list(params)


async def test_client_that_breaks_off_and_resumes_gets_each_event_once_in_order(
    two: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    """It comes back to either of the processes, of which one may be behind the other."""
    here, there = two
    alert_id = await raise_alert(there, "tx-1")
    rounds = 30
    async with event_source(here) as source:
        position = source.last_event_id

    async def write_notes() -> None:
        for number in range(rounds):
            answer = await (here, there)[number % 2].post(
                f"/api/investigations/{alert_id}/notes", json={"content": str(number)}
            )
            assert answer.status_code == 201

    writing = asyncio.create_task(write_notes())
    got: list[str] = []
    while len(got) < rounds:
        client = (here, there)[len(got) % 2]
        by_query = {"params": {"last_event_id": position}} if len(got) % 3 == 0 else {}
        resume = "" if by_query else position
        async with event_source(client, resume=resume, **by_query) as source:
            events = await source.take(1 + len(got) % 4 if len(got) < rounds - 4 else 1)
        got += [event.data["change"]["content"] for event in events]
        position = events[-1].event_id
    await writing
    assert got == [str(number) for number in range(rounds)]


async def test_id_that_cannot_be_resumed_asks_for_the_list_and_goes_on(start: Start) -> None:
    async with start() as client:
        alert_id = await raise_alert(client, "tx-1")
        async with event_source(client) as source:
            end = source.last_event_id
        async with event_source(client, resume="7-7777777") as source:
            (resync,) = await source.take(1)
            assert (resync.name, resync.data) == ("resync", {"resume_after": end})
            assert resync.event_id == end
            await move(client, alert_id, "INVESTIGATING")
            assert await take(source, 1) == [("alert.changed", "CLAIMED")]


async def test_many_clients_all_get_everything_and_others_are_served(start: Start) -> None:
    """They are more than the requests that a server takes at once unless it is told otherwise."""
    limits = httpx.Limits(max_connections=200)
    async with start() as client, AsyncExitStack() as stack:
        many = await stack.enter_async_context(
            httpx.AsyncClient(base_url=client.base_url, limits=limits)
        )
        sources = [await stack.enter_async_context(event_source(many)) for _ in range(150)]
        figures = (await client.get("/metrics")).text
        assert "\ngateway_live_clients 150.0" in figures
        alert_id = await raise_alert(client, "tx-1")
        for status in ("INVESTIGATING", "ACTIVE", "INVESTIGATING", "RESOLVED"):
            await move(client, alert_id, status)
        got = await asyncio.gather(*(take(source, 5) for source in sources))
        assert got[0][0] == ("alert.raised", "RAISED")
        assert got[0][-1] == ("alert.closed", "RESOLVED")
        assert all(each == got[0] for each in got)
        await stack.aclose()
        async with asyncio.timeout(15):
            await eventually(lambda: no_clients_left(client))


async def no_clients_left(client: httpx.AsyncClient) -> bool:
    return "\ngateway_live_clients 0.0" in (await client.get("/metrics")).text


async def test_one_client_too_many_is_told_when_to_come_back(start: Start) -> None:
    async with start(LIVE_CLIENTS_MAX="1") as client:
        async with event_source(client):
            refused = await client.get("/api/live/alerts")
            assert (refused.status_code, refused.json()["error_code"]) == (503, "LIVE_CLIENTS_MAX")
            assert int(refused.headers["retry-after"]) >= 1
        await eventually(lambda: no_clients_left(client))
        async with event_source(client):
            pass


async def handed_on(client: httpx.AsyncClient, position: str, action: str) -> None:
    """Return once the process has handed a change behind a position on to whoever follows."""
    while True:
        async with event_source(client, resume=position) as source:
            while (told := await source.next()) is not None:
                if told.data.get("change", {}).get("action") == action:
                    return
            position = source.last_event_id


async def test_client_that_does_not_keep_up_is_told_where_to_resume(
    start: Start, database: Database
) -> None:
    """Nothing is read until the end while more happens than fits into queue and connection."""
    number, content = 500, "x" * 50_000
    async with start(LIVE_QUEUE_EVENTS_MAX="20") as client:
        alert_id = await raise_alert(client, "tx-1")
        async with event_source(client) as source:
            async with database.write() as unit:
                alert = await unit.alerts.get(alert_id)
                (event,) = await unit.alerts.events(alert_id)
                assert alert is not None
                big = msgspec.structs.replace(event, content=content)
                await unit.alerts.add_events([big] * number)
            await move(client, alert_id, "INVESTIGATING")
            await handed_on(client, source.last_event_id, "CLAIMED")
            events = []
            while (event_told := await source.next()) is not None:
                events.append(event_told)
        behind = events.pop()
        assert behind.name == "behind"
        assert 0 < len(events) < number
        assert behind.data == {"resume_after": events[-1].event_id}
        async with event_source(client, resume=behind.event_id) as source:
            rest = await source.take(number + 1 - len(events))
        ids = [told.event_id for told in events + rest]
        assert len(set(ids)) == number + 1
        assert rest[-1].data["change"]["action"] == "CLAIMED"


@pytest.mark.parametrize("end", ["logout", "removed"])
async def test_stream_ends_with_the_login(start: Start, database: Database, end: str) -> None:
    user = await add_user(database, "anna", Role.VIEWER)
    await add_user(database, "root", Role.ADMIN)
    async with start(ENVIRONMENT="production", SECRET_KEY=SECRET) as client:
        assert (await client.get("/api/live/alerts")).status_code == 401
        headers = bearer(await log_in(client, "anna"))
        async with event_source(client, headers=headers) as source:
            if end == "logout":
                assert (await client.post("/api/auth/logout", headers=headers)).status_code == 200
            else:
                admin = bearer(await log_in(client, "root"))
                removed = await client.delete(f"/api/users/{user.user_id}", headers=admin)
                assert removed.status_code == 200
            ended = await source.next()
            assert ended is not None
            assert ended.name == "login_ended"
            assert await source.next() is None
        assert (await client.get("/api/live/alerts", headers=headers)).status_code == 401
