"""The database refuses to change what happened; only old rows may go, and only on purpose."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import msgspec
import pytest
import sqlalchemy
from sqlalchemy import Column, func, select, text
from sqlalchemy.engine import Connection, Engine

from gateway.db.tables import metadata
from gateway.db.types import UtcTime
from gateway.db.url import synchronous_url
from tests.support.alert_values import alert

OLD = datetime(2020, 1, 1, tzinfo=UTC)
NEW = datetime(2026, 1, 1, tzinfo=UTC)
BETWEEN = datetime(2025, 1, 1, tzinfo=UTC)
TABLES = (
    "alert_events",
    "access_events",
    "suppression_events",
    "suppression_hits",
    "case_file_events",
)


@pytest.fixture
def engine(database_url: str) -> Any:
    made = sqlalchemy.create_engine(synchronous_url(database_url))
    with made.begin() as connection:
        _fill(connection)
    yield made
    made.dispose()


def _fill(connection: Connection) -> None:
    """Add an old row and a new one to each table, with whatever else they need."""
    tables = metadata.tables
    connection.execute(tables["alerts"].insert(), [msgspec.structs.asdict(alert())])
    known = {"alert_id": alert().alert_id, "suppression_id": "sup-1", "case_id": "case-1"}
    for name, time in (("suppressions", OLD), ("case_files", OLD), *product(TABLES, (OLD, NEW))):
        row = {
            column.name: known.get(column.name) or _some(column, time)
            for column in tables[name].columns
            if not column.nullable and column.autoincrement is not True
        }
        connection.execute(tables[name].insert(), [row])


def _some(column: Column[Any], time: datetime) -> Any:
    if isinstance(column.type, UtcTime):
        return time
    return column.type.python_type(f"{time.year}")


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        rows = select(func.count()).select_from(metadata.tables[table])
        return int(connection.scalar(rows) or 0)


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_neither_changed_nor_deleted(engine: Engine, table: str) -> None:
    rows = metadata.tables[table]
    statements: list[Any] = [rows.update().values(event_time=NEW), rows.delete()]
    if engine.dialect.name == "postgresql":
        statements.append(text(f"TRUNCATE {table}"))
    for statement in statements:
        with (
            pytest.raises(sqlalchemy.exc.DBAPIError, match=f"{table} is only added to"),
            engine.begin() as connection,
        ):
            connection.execute(statement)
    assert count(engine, table) == 2


@pytest.mark.parametrize("table", TABLES)
def test_retention_takes_old_rows_and_nothing_else(engine: Engine, table: str) -> None:
    retention = metadata.tables["audit_retention"]
    rows = metadata.tables[table]
    with engine.begin() as connection:
        connection.execute(retention.insert().values(delete_before=BETWEEN))
        connection.execute(rows.delete().where(rows.c.event_time < BETWEEN))
        connection.execute(retention.delete())
    assert count(engine, table) == 1
    for attempt in (
        rows.delete(),
        rows.update().values(event_time=OLD - timedelta(days=1)),
    ):
        with engine.connect() as connection, connection.begin() as transaction:
            connection.execute(retention.insert().values(delete_before=BETWEEN))
            with pytest.raises(sqlalchemy.exc.DBAPIError, match=f"{table} is only added to"):
                connection.execute(attempt)
            transaction.rollback()
    assert count(engine, table) == 1
    assert count(engine, "audit_retention") == 0
