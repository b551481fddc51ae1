"""No read of feedback, transactions or entities walks through a large table, on either database."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Integer, Select, text

from gateway.db.engine import Database
from gateway.db.prepared import Prepared
from gateway.db.repositories import entities, feedback, transactions, workload
from gateway.db.types import UtcTime

_LARGE = ("transactions", "alerts", "decisions", "alert_entities", "labels")
_WALKS = {
    "postgresql": [rf"Seq Scan on {table}\b" for table in _LARGE],
    # An index of decisions holds them in the order of the list, and is read from one end.
    "sqlite": [rf"^SCAN {table}{'$' if table == 'decisions' else ''}" for table in _LARGE],
}
_COLUMNS = ("account_id", "device_id", "ip_address", "instrument_id", "merchant_id")
_EITHER = (False, True)


def statements() -> Iterator[Prepared]:
    for kinds in (entities._NEWEST, entities._SHARED, entities._REACH, entities._LABELS):
        yield from kinds.values()
    yield from entities._USERS.values()
    yield from (entities._ALERT_IDS, entities._ALERTS, entities._ALERTS_BEHIND)
    for column, behind in itertools.product((*_COLUMNS, "owner_id"), _EITHER):
        yield transactions._listed((column,), behind=behind)
        yield transactions._listed((column, "country"), behind=behind)
        yield transactions._last_walked(column, behind=behind)
        yield transactions._counted((column, "country"))
    yield from (feedback._ONE, workload._DECIDED, workload._HELD)
    for decision, analyst, since, after in itertools.product(_EITHER, repeat=4):
        yield feedback._listed(decision=decision, analyst=analyst, since=since, after=after)


def value_for(kind: Any) -> Any:
    if isinstance(kind, UtcTime):
        return datetime(2026, 2, 9, tzinfo=UTC)
    return 1 if isinstance(kind, Integer) else "x"


async def plan_of(connection: Any, statement: Select[Any]) -> list[str]:
    """Return the lines of the plan of a statement with some values."""
    compiled = statement.compile(dialect=connection.dialect)
    values = {
        name: bind.value or value_for(bind.type) for bind, name in compiled.bind_names.items()
    }
    if connection.dialect.name == "sqlite":
        bound = tuple(
            value.isoformat(" ") if isinstance(value := values[name], datetime) else value
            for name in compiled.positiontup or ()
        )
        found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", bound)
        return [row[3] for row in found]
    found = await connection.exec_driver_sql(f"EXPLAIN {compiled}", values)
    return [row[0] for row in found]


async def test_every_read_finds_its_rows_in_an_index(database: Database) -> None:
    looked_at = 0
    async with database.write() as unit:
        if unit.connection.dialect.name == "postgresql":
            # The tables are empty; what counts is whether there is another way.
            await unit.connection.execute(text("SET LOCAL enable_seqscan = off"))
        for prepared in statements():
            plan = await plan_of(unit.connection, prepared._statement)
            looked_at += 1
            for walk in _WALKS[unit.connection.dialect.name]:
                assert not any(re.search(walk, line) for line in plan), plan
    assert looked_at > 70
