"""What each of the two databases tells of itself: indexes, room, pages, connections, clock."""

from datetime import datetime

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.tables import metadata
from gateway.domain.database_check import Connections

_HALF_BUILT = text(
    "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE NOT indisvalid AND relnamespace = current_schema()::regnamespace ORDER BY 1"
)
_TABLE_SIZES = text(
    "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 1"
)
# -1 is no bound of a role or a database.
_CONNECTIONS = text(
    """
    SELECT least(
      current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int,
      (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
      (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    ), (
      SELECT count(*) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    )
    """
)


async def indexes(connection: AsyncConnection) -> tuple[list[str], list[str]]:
    """Return names of indexes that are missing, and of those that were left half built."""
    there = await connection.run_sync(_index_names)
    # PostgreSQL has room for 63 characters; SQLAlchemy shortens longer names in its own way.
    name_of = connection.dialect.identifier_preparer.format_index
    named = {str(name_of(index)) for table in metadata.sorted_tables for index in table.indexes}
    missing = sorted(named - there)
    if not bulk.is_postgresql(connection):
        return missing, []
    return missing, list((await connection.execute(_HALF_BUILT)).scalars())


def _index_names(connection: Connection) -> set[str | None]:
    found = inspect(connection).get_multi_indexes()
    return {index["name"] for indexes_of in found.values() for index in indexes_of}


async def sizes(connection: AsyncConnection) -> tuple[dict[str, int], int]:
    """Return the bytes that each table takes with its indexes, as far as known, and all do."""
    if bulk.is_postgresql(connection):
        rows = await connection.execute(_TABLE_SIZES)
        total = await connection.scalar(text("SELECT pg_database_size(current_database())"))
        return {row[0]: int(row[1]) for row in rows}, int(total or 0)
    pages = await connection.scalar(text("PRAGMA page_count"))
    page_size = await connection.scalar(text("PRAGMA page_size"))
    return {}, int(pages or 0) * int(page_size or 0)


async def storage(connection: AsyncConnection, *, whole: bool) -> tuple[list[str], str]:
    """Return what is wrong with the pages, and what was looked at."""
    if bulk.is_postgresql(connection):
        checksums = await connection.scalar(text("SHOW data_checksums"))
        return [], f"checksums of pages are {checksums}"
    if not whole:
        return [], "pages were not read; --whole reads them"
    said = list((await connection.execute(text("PRAGMA integrity_check(100)"))).scalars())
    faults = [str(each) for each in said if each != "ok"]
    lost = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
    faults += [f"a row of {row[0]} refers to a missing row of {row[2]}" for row in lost[:100]]
    return faults, "every page is whole"


async def connections(connection: AsyncConnection) -> Connections:
    """Return how many connections there may be."""
    if not bulk.is_postgresql(connection):
        return Connections(0, 0)
    row = (await connection.execute(_CONNECTIONS)).one()
    return Connections(int(row[0]), int(row[1]))


async def clock(connection: AsyncConnection) -> datetime | None:
    """Return the server's time; None where the database has no clock of its own."""
    if not bulk.is_postgresql(connection):
        return None
    now: datetime | None = await connection.scalar(text("SELECT clock_timestamp()"))
    return now
