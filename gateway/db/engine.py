"""The database as the services see it.

Transactions that read, transactions that write, and errors in our own words.

SQLite has one writer at a time. Its writers queue here, in order, instead of polling for the file's
lock, and a writing transaction takes that lock at its start, so that it never has to be given up
half way.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import Dialect, event, text
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.clock import monotonic_s
from gateway.db.repositories.alerts import AlertRepository
from gateway.db.repositories.case_files import CaseFileRepository
from gateway.db.repositories.cases import CaseRepository
from gateway.db.repositories.changes import ChangeRepository
from gateway.db.repositories.feed import FeedRepository
from gateway.db.repositories.feedback import FeedbackRepository
from gateway.db.repositories.labels import LabelRepository
from gateway.db.repositories.outbox import OutboxRepository
from gateway.db.repositories.people import PeopleRepository
from gateway.db.repositories.performance import PerformanceRepository
from gateway.db.repositories.queue import QueueRepository
from gateway.db.repositories.recount import RecountRepository
from gateway.db.repositories.sessions import SessionRepository
from gateway.db.repositories.suppressions import SuppressionRepository
from gateway.db.repositories.transactions import TransactionRepository
from gateway.errors import RowsRefusedError, UnavailableError

_POOL_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 3
_BUSY_TIMEOUT_MS = 5_000
# Bounds on one statement and on waiting for a row; a statement of ours takes milliseconds.
_POSTGRESQL_OPTIONS = "-c statement_timeout=30000 -c lock_timeout=5000 -c timezone=UTC"
_WRITES = "gateway_writes"
_WRITING: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "READ COMMITTED"},
    # Its transactions are opened by _begin_sqlite.
    "sqlite": {_WRITES: True},
}
_USED = "gateway_used_s"
# A connection that was used so shortly before is taken for alive; chosen by us.
_IDLE_S = 1.0


class Unit:
    """One transaction: the repositories that take part in it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.alerts = AlertRepository(connection)
        self.case_files = CaseFileRepository(connection)
        self.cases = CaseRepository(connection)
        self.changes = ChangeRepository(connection)
        self.feed = FeedRepository(connection)
        self.feedback = FeedbackRepository(connection)
        self.labels = LabelRepository(connection)
        self.outbox = OutboxRepository(connection)
        self.people = PeopleRepository(connection)
        self.queue = QueueRepository(connection)
        self.performance = PerformanceRepository(connection)
        self.recount = RecountRepository(connection)
        self.sessions = SessionRepository(connection)
        self.transactions = TransactionRepository(connection)
        self.suppressions = SuppressionRepository(connection)


class Database:
    """A database that holds the gateway's tables."""

    def __init__(self, url: str, pool_size: int) -> None:
        self._engine = _engine(url, pool_size)
        self._writers: AsyncEngine = self._engine.execution_options(
            **_WRITING[self._engine.dialect.name]
        )
        self._one_writer = asyncio.Lock() if self._engine.dialect.name == "sqlite" else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        """Open a connection that only reads; every statement sees what was committed before it.

        It runs without a transaction around it, which would cost the database two more answers
        and hold nothing together that needs it.

        Raises:
            UnavailableError: the database cannot be reached or does not answer in time.
        """
        with translated_errors():
            async with self._engine.connect() as connection:
                yield Unit(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Unit]:
        """Open a transaction that is committed at the end of the block, and undone if it raises.

        Raises:
            UnavailableError: the database cannot be reached or does not answer in time.
            RowsRefusedError: the database cannot hold a value.
        """
        with translated_errors():
            if self._one_writer is None:
                async with self._writers.begin() as connection:
                    yield Unit(connection)
            else:
                async with self._one_writer, self._writers.begin() as connection:
                    yield Unit(connection)

    async def ping(self) -> None:
        """Raise UnavailableError unless the database answers."""
        with translated_errors():
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn what the drivers raise into the gateway's errors.

    A client never sees a message of the database.
    """
    try:
        yield
    except (sqlalchemy_errors.DataError, sqlalchemy_errors.IntegrityError) as error:
        raise RowsRefusedError(str(error.orig)) from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise RowsRefusedError(str(error)) from error
    except (
        sqlalchemy_errors.OperationalError,
        sqlalchemy_errors.InterfaceError,
        sqlalchemy_errors.InternalError,
        sqlalchemy_errors.TimeoutError,
        psycopg.OperationalError,
        psycopg.InterfaceError,
        # Of statements that the driver runs without SQLAlchemy between; see db/prepared.py.
        sqlite3.OperationalError,
        OSError,
    ) as error:
        raise UnavailableError("the database is away", reason="DATABASE_UNAVAILABLE") from error


def _engine(url: str, pool_size: int) -> AsyncEngine:
    if url.startswith("sqlite"):
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_POOL_TIMEOUT_S,
            hide_parameters=True,
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_S,
        isolation_level="AUTOCOMMIT",
        # Values of a failed statement are people's data, and would stand in the log.
        hide_parameters=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "options": _POSTGRESQL_OPTIONS},
    )
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", partial(_try_idle, engine.sync_engine.dialect))
    return engine


def _note_use(_connection: object, record: Any) -> None:
    record.info[_USED] = monotonic_s()


def _try_idle(dialect: Dialect, connection: Any, record: Any, _proxy: object) -> None:
    """Replace connections of a server that was restarted before a request fails for them.

    To try a connection costs an answer of the database, so that is done after a pause only.
    """
    if monotonic_s() - record.info.get(_USED, 0.0) < _IDLE_S:
        return
    try:
        alive = dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise sqlalchemy_errors.InvalidatePoolError from error
    if not alive:
        raise sqlalchemy_errors.InvalidatePoolError


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself; _begin_sqlite says which kind is wanted.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
