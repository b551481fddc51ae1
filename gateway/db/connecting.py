"""Engines: how connections are opened, bounded, tried, and made fit for each database."""

from functools import partial
from typing import Any

from sqlalchemy import Dialect, event, text
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.clock import monotonic_s
from gateway.db.watch import DatabaseLimits

_CONNECT_TIMEOUT_S = 3
# Longest wait for a row or a table that somebody else holds; a transaction of ours takes
# milliseconds.
_LOCK_TIMEOUT_MS = 5_000
# Longest pause between two statements of a transaction, such as for a client that reads slowly.
_IDLE_TIMEOUT_MS = 60_000
# How long after the last sign of a server that has vanished a connection is given up.
_VANISHED_S = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
# A plan that is made once for all parameters takes a LIMIT for a tenth of the table, and may read a
# million alerts to find ten: a search took 2 s of which one with its own plan takes 30 ms.
_PLANS = "force_custom_plan"
# That holds for PostgreSQL's own statements as well, which look each row's foreign keys up: to plan
# those anew for every row took three times as long as all else at ingest.
PLANS_FOR_MANY_ROWS = text("SET LOCAL plan_cache_mode = auto")
_WRITES = "gateway_writes"
# Options of transactions that write.
WRITING: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "READ COMMITTED"},
    # Its transactions are opened by _begin_sqlite.
    "sqlite": {_WRITES: True},
}
_USED = "gateway_used_s"
# A connection that was used so shortly before is taken for alive; chosen by us.
_IDLE_S = 1.0


def open_engine(url: str, limits: DatabaseLimits) -> AsyncEngine:
    """Return an engine; it connects when it is first used."""
    pool: dict[str, Any] = {
        "pool_size": limits.pool_size,
        "max_overflow": 0,
        "pool_timeout": limits.pool_timeout_ms / 1000,
        # Values of a failed statement are people's data, and would stand in the log.
        "hide_parameters": True,
    }
    lock_timeout_ms = min(_LOCK_TIMEOUT_MS, limits.statement_timeout_ms)
    if url.startswith("sqlite"):
        engine = create_async_engine(url, **pool)
        event.listen(engine.sync_engine, "connect", partial(_prepare_sqlite, lock_timeout_ms))
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    engine = create_async_engine(
        url,
        **pool,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "options": (
                f"-c statement_timeout={limits.statement_timeout_ms}"
                f" -c lock_timeout={lock_timeout_ms}"
                f" -c idle_in_transaction_session_timeout={_IDLE_TIMEOUT_MS} -c timezone=UTC"
                f" -c plan_cache_mode={_PLANS}"
            ),
            **_VANISHED_S,
        },
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


def _prepare_sqlite(lock_timeout_ms: int, connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself; _begin_sqlite says which kind is wanted.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={lock_timeout_ms}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
