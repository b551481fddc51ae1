"""A database that is slow, held or used up: bounded, told clearly, and nothing half done."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.db.url import synchronous_url
from gateway.db.watch import DatabaseLimits
from gateway.domain.people import AccessEvent
from gateway.errors import UnavailableError
from tests.support.alerts import raise_alert
from tests.support.gateway_process import LOG, Start, serving
from tests.support.scripted_scoring_server import ScriptedScoringServer

ENOUGH = 300_000


def counting(bound: str, selected: str) -> str:
    """Return a select from the numbers from 1 on; without a bound it never ends."""
    rest = f"SELECT i + 1 FROM n {bound}"  # noqa: S608 - as below
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL {rest})"
    return f"{numbers} SELECT {selected} FROM n"  # noqa: S608 - parts of this file


ENDLESS = text(counting("", "count(*)"))


def slow_record_of_access(url: str, bound: str) -> None:
    """Put a view that counts in the place of a table."""
    engine = create_engine(synchronous_url(url))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE access_events RENAME TO access_events_kept"))
        now = "now()" if engine.dialect.name == "postgresql" else "'2026-01-01 00:00:00.000000'"
        columns = (
            f"i AS event_id, {now} AS event_time, 'A' AS action, 'a' AS actor, 's' AS subject, "
            "'' AS client, '' AS detail"
        )
        connection.execute(text(f"CREATE VIEW access_events AS {counting(bound, columns)}"))
    engine.dispose()


def event(action: str) -> AccessEvent:
    return AccessEvent(
        event_id=None,
        event_time=utc_now(),
        action=action,
        actor="a",
        subject="s",
        client="",
        detail="",
    )


@pytest.fixture
async def hasty(database_url: str) -> AsyncIterator[Database]:
    limits = DatabaseLimits(pool_size=2, statement_timeout_ms=300, pool_timeout_ms=100)
    opened = Database(database_url, limits)
    yield opened
    await opened.close()


async def test_endless_read_is_unavailable_and_the_gateway_lives_on(
    open_gateway: Any, database_url: str
) -> None:
    slow_record_of_access(database_url, "")
    async with open_gateway(database_statement_timeout_ms=200) as client:
        for _ in range(3):
            answer = await client.get("/api/access-events")
            assert answer.status_code == 503
            assert answer.json()["error_code"] == "DATABASE_TIMEOUT"
            assert int(answer.headers["retry-after"]) >= 1
            assert "RECURSIVE" not in answer.text
        assert (await client.get("/api/alerts")).status_code == 200


async def test_used_up_pool_is_unavailable_and_the_gateway_recovers(
    start: Start, database_url: str
) -> None:
    slow_record_of_access(database_url, "")
    bounds = {
        "DATABASE_POOL_SIZE": "2",
        "DATABASE_POOL_TIMEOUT_MS": "100",
        "DATABASE_STATEMENT_TIMEOUT_MS": "4000",
    }
    async with start(**bounds) as client:
        assert (await client.get("/api/alerts")).status_code == 200
        holding = [asyncio.create_task(client.get("/api/access-events")) for _ in range(4)]
        answer = await client.get("/api/alerts")
        while answer.status_code == 200:
            answer = await client.get("/api/alerts")
        assert (answer.status_code, answer.json()["error_code"]) == (503, "DATABASE_BUSY")
        assert int(answer.headers["retry-after"]) >= 1
        codes = {held.json()["error_code"] for held in await asyncio.gather(*holding)}
        assert codes == {"DATABASE_TIMEOUT", "DATABASE_BUSY"}
        assert (await client.get("/api/alerts")).status_code == 200


async def test_endless_write_is_undone(hasty: Database) -> None:
    async def write() -> None:
        async with hasty.write() as unit:
            await unit.people.add_access_events([event("HALF")])
            await unit.people._connection.execute(ENDLESS)

    with pytest.raises(UnavailableError) as stopped:
        await write()
    assert stopped.value.reason == "DATABASE_TIMEOUT"
    async with hasty.write() as unit:
        await unit.people.add_access_events([event("WHOLE")])
    async with hasty.read() as unit:
        assert [row.action for row in await unit.people.access_events(None, 9)] == ["WHOLE"]


async def test_long_transaction_of_short_statements_is_not_cut(hasty: Database) -> None:
    """The bound is on a statement, and begins anew with each."""
    some = text(counting("WHERE i < 20000", "count(*)"))
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with hasty.write() as unit:
        while loop.time() - started < 0.6:
            assert await unit.people._connection.scalar(some) == 20_000


async def test_table_that_somebody_holds_is_waited_for_a_bounded_time(
    hasty: Database, database: Database
) -> None:
    async with database.write() as holder:
        await holder.people.add_access_events([event("HOLD")])
        if holder.people._connection.dialect.name == "postgresql":
            await holder.people._connection.execute(text("LOCK TABLE access_events"))
        with pytest.raises(UnavailableError) as refused:
            await _add(hasty, "WAIT")
        assert refused.value.reason == "DATABASE_TIMEOUT"
    async with hasty.read() as unit:
        assert [row.action for row in await unit.people.access_events(None, 9)] == ["HOLD"]


async def test_used_up_connections_are_told_and_counted(hasty: Database) -> None:
    async with hasty.read() as first, hasty.read() as second:
        for unit in (first, second):
            await unit.people.active_admins()
        waiting = asyncio.create_task(_read(hasty))
        while hasty.connections != (2, 1):  # noqa: ASYNC110 - the count is no event
            await asyncio.sleep(0)
        with pytest.raises(UnavailableError) as refused:
            await waiting
        assert refused.value.reason == "DATABASE_BUSY"
        assert hasty.connections == (2, 0)
    assert hasty.connections == (0, 0)
    await _read(hasty)


async def test_turn_to_write_is_waited_for_a_bounded_time(hasty: Database) -> None:
    """On SQLite writers queue here, on PostgreSQL for a connection."""

    async def write() -> None:
        async with hasty.write() as unit:
            await unit.people.active_admins()

    async with hasty.write() as first, hasty.read() as other:
        for unit in (first, other):
            await unit.people.active_admins()
        with pytest.raises(UnavailableError) as refused:
            await write()
        assert refused.value.reason == "DATABASE_BUSY"
    await write()


async def _add(database: Database, action: str) -> None:
    async with database.write() as unit:
        await unit.people.add_access_events([event(action)])


async def _read(database: Database) -> None:
    async with database.read() as unit:
        await unit.people.active_admins()


async def test_figures_tell_how_long_statements_take(open_gateway: Any) -> None:
    async with open_gateway() as client:
        await raise_alert(client, "tx-1")
        await client.get("/api/alerts")
        figures = (await client.get("/metrics")).text
    for kind in ("select", "insert"):
        count = re.search(
            rf'^gateway_database_statement_seconds_count{{kind="{kind}"}} (\S+)',
            figures,
            re.MULTILINE,
        )
        assert count is not None
        assert float(count[1]) >= 1
    assert "gateway_database_connections_in_use 0.0" in figures
    assert "gateway_database_connections_waiting 0.0" in figures


async def test_slow_statement_is_logged_with_its_request_and_without_values(
    database_url: str, scoring: ScriptedScoringServer, tmp_path: Path
) -> None:
    slow_record_of_access(database_url, f"WHERE i < {ENOUGH}")
    environ = {
        "DATABASE_URL": database_url.replace("+aiosqlite", ""),
        "DATABASE_SLOW_QUERY_MS": "20",
        "LOG_FORMAT": "json",
        "SCORING_TARGET": scoring.target,
    }
    async with serving(tmp_path, **environ) as client:
        answer = await client.get(
            "/api/access-events",
            params={"before": ENOUGH - 4711, "limit": 1},
            headers={"X-Request-ID": "slow-1"},
        )
        assert answer.status_code == 200
        assert answer.json()["data"][0]["event_id"] == ENOUGH - 4712
    lines = [
        json.loads(line)
        for line in (tmp_path / LOG).read_text().splitlines()
        if '"slow_statement"' in line
    ]
    (told,) = [line for line in lines if line.get("request_id") == "slow-1"]
    assert told["route"] == "/api/access-events"
    assert told["statement"].startswith("SELECT access_events.event_id")
    assert told["duration_ms"] >= 20
    assert str(ENOUGH - 4711) not in json.dumps(told)
