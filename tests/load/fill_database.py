"""Fill an empty database with made-up transactions and worked alerts.

    python -m tests.load.fill_database --transactions 10000000 --alerts 1000000

fills DATABASE_URL, or the SQLite file in DATA_DIR. Rows are what ingest and analysts would have
left: made by the gateway's own rules, stored by its own repositories where they are fast enough.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import click
import sqlalchemy
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from sqlalchemy import Index, Table, create_engine

from gateway.clock import utc_now
from gateway.config import load_config
from gateway.db import bulk
from gateway.db.engine import Database
from gateway.db.migrate import migrate
from gateway.db.tables import metadata
from gateway.db.tables.alerts import (
    alert_events,
    alert_transactions,
    alerts,
    decisions,
    label_outbox,
    notes,
)
from gateway.db.tables.feed import hourly_rollups, labels, transactions
from gateway.db.url import synchronous_url
from gateway.db.watch import DatabaseLimits
from gateway.domain.transaction import FeedPosition
from tests.load.fill_desk import fill_desk
from tests.load.made_up import Chunk, MadeUp, as_rows, label_rows

_CHUNK_SIZE = 25_000
_LARGE: tuple[Table, ...] = (
    transactions,
    alerts,
    alert_transactions,
    alert_events,
    decisions,
    notes,
    labels,
    label_outbox,
)


async def store(database: Database, chunk: Chunk) -> None:
    """Store a chunk in one database transaction."""
    async with database.write() as unit:
        await unit.feed.add_transactions(chunk.transactions)
        await unit.alerts.add(chunk.alerts)
        await unit.alerts.add_transactions(chunk.members)
        connection = unit.connection
        rows = as_rows(chunk.events)
        await bulk.load(connection, alert_events, rows, numbered="event_id")
        await unit.cases.add_decisions(chunk.decisions)
        await bulk.load(connection, notes, as_rows(chunk.notes))
        await bulk.load(connection, labels, label_rows(chunk))
        delivered = [
            (label, transaction, value, known, known, "DELIVERED", "ACCEPTED", known)
            for transaction, label, value, source, known in chunk.labels
            if source == "ANALYST"
        ]
        await bulk.load(connection, label_outbox, delivered, numbered="position")


async def fill(url: str, made: MadeUp, count: int, progress: Progress) -> None:
    """Store everything."""
    database = Database(url, DatabaseLimits(pool_size=2))
    task = progress.add_task("transactions", total=count)
    for chunk in made.chunks(_CHUNK_SIZE):
        await store(database, chunk)
        progress.advance(task, len(chunk.transactions))
    async with database.write() as unit:
        await bulk.load(
            unit.connection,
            hourly_rollups,
            as_rows([made.rollups[hour] for hour in sorted(made.rollups)]),
        )
        await unit.recount.recount()
        await unit.feed.advance(FeedPosition("", 0), FeedPosition("made-up", count), utc_now())
    await database.close()


@contextmanager
def without_indexes(url: str, progress: Progress) -> Iterator[None]:
    """Drop the indexes of the large tables, and build them anew afterwards, which is far faster."""
    engine = create_engine(synchronous_url(url))
    indexes: Sequence[Index] = [index for table in _LARGE for index in table.indexes]
    with engine.begin() as connection:
        for index in indexes:
            index.drop(connection)
    try:
        yield
    except BaseException:
        click.secho(
            "stopped early: the database is filled in part and has no indexes. Throw it away and "
            "fill an empty one.",
            fg="red",
            err=True,
        )
        raise
    task = progress.add_task("indexes", total=len(indexes))
    for index in indexes:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sqlalchemy.text("SET maintenance_work_mem = '1GB'"))
            index.create(connection)
        progress.advance(task)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        statement = "VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"
        connection.execute(sqlalchemy.text(statement))
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    config = load_config(os.environ)
    url = config.database_url
    started_s = time.monotonic()
    migrate(url)
    made = MadeUp(
        options.transactions, options.alerts, utc_now() - timedelta(minutes=1), options.seed
    )
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn(), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns) as progress, without_indexes(url, progress):
        asyncio.run(fill(url, made, options.transactions, progress))
    engine = create_engine(synchronous_url(url))
    fill_desk(engine)
    with engine.connect() as connection:
        for name in ("transactions", "alerts", "alert_events", "labels"):
            table = metadata.tables[name]
            count = connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(table))
            click.echo(f"{name:14} {count:12,}")
    click.echo(f"filled in {time.monotonic() - started_s:.0f} s")


if __name__ == "__main__":
    main()
