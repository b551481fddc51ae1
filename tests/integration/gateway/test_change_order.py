"""The log of changes skips nothing, in whatever order transactions commit."""

import asyncio
import random

import pytest

from gateway.db.engine import Database
from gateway.domain.alert import AlertEvent
from gateway.domain.change import BEGINNING, Change, ChangePosition
from gateway.domain.enumerations import AlertStatus
from tests.support.alert_values import INGEST_TIME, alert
from tests.support.change_log import after, settled_after
from tests.support.waiting import TIMEOUT_S


def event(content: str) -> AlertEvent:
    active = AlertStatus.ACTIVE
    return AlertEvent("alr_tx-1", "NOTE_ADDED", active, active, "anna", content, INGEST_TIME)


@pytest.fixture(autouse=True)
async def stored_alert(database: Database) -> None:
    async with database.write() as unit:
        await unit.alerts.add([alert("tx-1")])


def contents(changes: list[Change]) -> list[str]:
    return [change.event.content for change in changes]


async def test_row_that_commits_later_is_not_skipped(database: Database) -> None:
    if database._one_writer is not None:
        pytest.skip("SQLite has one writer at a time")
    async with database.write() as slow:
        await slow.alerts.add_events([event("slow")])
        async with database.write() as fast:
            await fast.alerts.add_events([event("fast")])
        # The faster row is committed and has the higher number. Whoever read it now would take its
        # number for the end of the log, and never see the slow one.
        async with database.read() as unit:
            assert await unit.changes.head() == BEGINNING
        assert await after(database, BEGINNING) == []
    assert contents(await settled_after(database, BEGINNING, 2)) == ["slow", "fast"]


async def test_higher_row_of_an_older_transaction_is_not_skipped(database: Database) -> None:
    if database._one_writer is not None:
        pytest.skip("SQLite has one writer at a time")
    async with database.write() as old:
        await old.alerts.add_events([event("old 1")])
        async with database.write() as young:
            await young.alerts.add_events([event("young")])
        await old.alerts.add_events([event("old 2")])
    changes = await settled_after(database, BEGINNING, 3)
    assert contents(changes) == ["old 1", "old 2", "young"]
    # Resuming at any of them gives the rest.
    for number, change in enumerate(changes, 1):
        rest = await after(database, change.position)
        assert contents(rest) == ["old 1", "old 2", "young"][number:]


async def test_reader_beside_many_writers_sees_each_change_once(database: Database) -> None:
    generator = random.Random(5)
    writers, rows = 4, 25
    done = asyncio.Event()

    async def write(name: int) -> None:
        for number in range(rows):
            pauses = [generator.uniform(0, 0.004) for _ in range(2)]
            async with database.write() as unit:
                await asyncio.sleep(pauses[0])
                await unit.alerts.add_events([event(f"{name}:{number}")])
                await asyncio.sleep(pauses[1])

    async def read() -> list[Change]:
        seen: list[Change] = []
        position = BEGINNING
        while not done.is_set() or len(seen) < writers * rows:
            page = await after(database, position, 7)
            while page:
                seen += page
                position = page[-1].position
                page = await after(database, position, 7)
            await asyncio.sleep(0)
        return seen

    reading = asyncio.create_task(read())
    await asyncio.gather(*map(write, range(writers)))
    done.set()
    async with asyncio.timeout(TIMEOUT_S):
        seen = await reading
    assert sorted(contents(seen)) == sorted(f"{w}:{n}" for w in range(writers) for n in range(rows))
    assert [change.position for change in seen] == sorted(change.position for change in seen)
    async with database.read() as unit:
        head = await unit.changes.head()
        assert head == seen[-1].position
        assert await unit.changes.count(BEGINNING, head, 1_000) == writers * rows
        assert await unit.changes.count(BEGINNING, head, 5) == 5
        assert await unit.changes.count(seen[9].position, seen[19].position, 1_000) == 10
        assert [await unit.changes.knows(change.position) for change in seen[:3]] == [True] * 3
        assert not await unit.changes.knows(ChangePosition(head.xid, head.event_id + 1))
        assert contents(
            await unit.changes.after(seen[9].position, 100, seen[19].position)
        ) == contents(seen[10:20])


async def test_undone_changes_are_not_told(database: Database) -> None:
    class UndoError(Exception):
        pass

    async def undo() -> None:
        async with database.write() as unit:
            await unit.alerts.add_events([event("undone")])
            raise UndoError

    with pytest.raises(UndoError):
        await undo()
    async with database.write() as unit:
        await unit.alerts.add_events([event("done")])
    assert contents(await settled_after(database, BEGINNING, 1)) == ["done"]
