"""All that differs between the two databases: bulk load, upsert and sets of keys."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Table, and_, any_, bindparam, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import String

# Length of "2026-02-09 14:32:18.123456", the form in which SQLAlchemy keeps a time on SQLite.
_SQLITE_TIME_LENGTH = 26
_SURROGATES_FIRST = 0xD800
_SURROGATES_LAST = 0xDFFF
_LAST = chr(sys.maxunicode)
# Longest of the texts that are searched.
_TEXT_LENGTH_MAX = 64


def is_postgresql(connection: AsyncConnection) -> bool:
    """Return whether the connection leads to PostgreSQL."""
    return connection.dialect.name == "postgresql"


async def load(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[tuple[Any, ...]],
    *,
    numbered: str = "",
) -> None:
    """Add rows, whose values stand in column order, by the fastest way the database has.

    Times are aware, in UTC. A column `numbered` is left out of the rows: the database counts them.
    So are the last columns where the database fills them in by itself.
    """
    if not rows:
        return
    names = [column.name for column in table.columns if column.name != numbered][: len(rows[0])]
    columns = ", ".join(names)
    if is_postgresql(connection):
        raw = await connection.get_raw_connection()
        async with (
            raw.driver_connection.cursor() as cursor,  # type: ignore[union-attr]
            cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                await copy.write_row(row)
        return
    marks = ", ".join("?" * len(names))
    await connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({columns}) VALUES ({marks})",  # noqa: S608 - names of our own table
        [_sqlite_row(row) for row in rows],
    )
    # aiosqlite answers from a thread; other tasks get their turn between two loads of a long
    # backlog.
    await asyncio.sleep(0)


def _sqlite_row(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        value.isoformat(" ", "microseconds")[:_SQLITE_TIME_LENGTH]
        if isinstance(value, datetime)
        else value
        for value in row
    )


async def existing(
    connection: AsyncConnection, column: ColumnElement[str], values: Sequence[str]
) -> set[str]:
    """Return those of the values that the column holds already."""
    found = await connection.execute(
        select(column).where(one_of(connection, column, "values")),
        {"values": key_set(connection, values)},
    )
    return set(found.scalars())


def one_of(
    connection: AsyncConnection, column: ColumnElement[str], name: str
) -> ColumnElement[bool]:
    """Return the condition that a column is among the keys bound to `name`.

    Its text is the same for any number.
    """
    if is_postgresql(connection):
        return column == any_(bindparam(name, type_=postgresql.ARRAY(String())))
    return column.in_(select(func.json_each(bindparam(name)).table_valued("value").c.value))


def key_set(connection: AsyncConnection, values: Sequence[str]) -> Any:
    """Return keys as `one_of` wants them bound."""
    return list(values) if is_postgresql(connection) else msgspec.json.encode(values).decode()


def starts_with(postgresql: bool, columns: Sequence[ColumnElement[str]]) -> ColumnElement[bool]:
    """Return the condition that a column starts with what `prefix_range` made of a text.

    On PostgreSQL it takes an index with the operators of a pattern, which compare byte by byte
    whatever the language of the database; SQLite always compares like that.
    """
    low, high = bindparam("low", type_=String()), bindparam("high", type_=String())
    if postgresql:
        return or_(*(and_(column.op("~>=~")(low), column.op("~<~")(high)) for column in columns))
    return or_(*(and_(column >= low, column < high) for column in columns))


def prefix_range(prefix: str) -> tuple[str, str]:
    """Return bounds [low, high) that hold just the texts with a prefix, in code point order."""
    for length in range(len(prefix), 0, -1):
        following = ord(prefix[length - 1]) + 1
        if following == _SURROGATES_FIRST:
            following = _SURROGATES_LAST + 1
        if following <= sys.maxunicode:
            return prefix, prefix[: length - 1] + chr(following)
    # Nothing but the last code point: texts are not longer than this.
    return prefix, prefix + _LAST * _TEXT_LENGTH_MAX


async def alone(connection: AsyncConnection, lock: int) -> None:
    """Wait until no other transaction holds the lock, and hold it until this one ends.

    SQLite has one writer at a time anyway.
    """
    if is_postgresql(connection):
        await connection.execute(select(func.pg_advisory_xact_lock(lock)))


async def take_time(connection: AsyncConnection) -> None:
    """Let statements of this transaction take up to an hour each."""
    if is_postgresql(connection):
        await connection.exec_driver_sql("SET LOCAL statement_timeout = '1h'")


async def accumulate(
    connection: AsyncConnection, table: Table, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Add counts to the rows of a table, in one statement; rows that are not there are made.

    Args:
        connection: to the database.
        table: the columns of its key come first, all others are counts.
        rows: values in column order; no key twice.
    """
    if not rows:
        return
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key.columns]
    counts = names[len(keys) :]
    changes = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in counts)
    head = f"INSERT INTO {table.name} ({', '.join(names)})"
    tail = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    if is_postgresql(connection):
        types = [column.type.compile(connection.dialect) for column in table.columns]
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        columns = tuple(list(values) for values in zip(*rows, strict=True))
        statement = f"{head} SELECT * FROM unnest({arrays}) {tail}"  # noqa: S608 - our own names
        await connection.exec_driver_sql(statement, columns)
        return
    marks = ", ".join("?" * len(names))
    await connection.exec_driver_sql(
        f"{head} VALUES ({marks}) {tail}", [_sqlite_row(row) for row in rows]
    )


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    key: str | Sequence[str],
    add: Sequence[str] = (),
    replace: Sequence[str] = (),
) -> None:
    """Insert rows.

    Where the key exists, add to the columns `add` and overwrite the columns `replace`.
    """
    if not rows:
        return
    insert = (postgresql if is_postgresql(connection) else sqlite).insert(table)
    changes = {name: table.c[name] + insert.excluded[name] for name in add}
    changes |= {name: insert.excluded[name] for name in replace}
    keys = [key] if isinstance(key, str) else list(key)
    statement = (
        insert.on_conflict_do_update(index_elements=keys, set_=changes)
        if changes
        else insert.on_conflict_do_nothing(index_elements=keys)
    )
    await connection.execute(statement, list(rows))
