"""How long statements take: bounded on SQLite, told to whoever counts, and logged where it is long.

PostgreSQL bounds them itself; see the options in db/engine.py. What is logged has the places of the
parameters, never their values.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from msgspec import Struct
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.spans import Spans

_WATCH = "gateway_watch"
_STARTED = "gateway_started_s"
_TEXT_LENGTH_MAX = 2000
# Steps of SQLite between two looks at the clock; a few hundred microseconds, chosen by us.
_STEPS = 50_000
_KINDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})

_log = structlog.get_logger(__name__)

# Takes the kind of a statement and how long it took, seconds.
Observe = Callable[[str, float], None]


class DatabaseLimits(Struct, frozen=True, kw_only=True):
    """Bounds on what the database may take.

    Attributes:
        statement_timeout_ms: of one statement.
        pool_timeout_ms: of waiting for a connection, or on SQLite for one's turn to write.
        slow_query_ms: from which a statement is logged; 0 logs none.
    """

    pool_size: int = 10
    statement_timeout_ms: int = 30_000
    pool_timeout_ms: int = 5_000
    slow_query_ms: int = 500


class Watch:
    """Looks at the statements of one connection, which runs one at a time."""

    def __init__(self, limits: DatabaseLimits, observe: Observe, spans: Spans | None) -> None:
        self._spans = spans
        self._timeout_s = limits.statement_timeout_ms / 1000
        self._slow_s = limits.slow_query_ms / 1000 or math.inf
        self._observe = observe
        self._deadline_s = math.inf

    def overdue(self) -> bool:
        """Tell whether the running statement has had its time; asked by SQLite while it works."""
        return time.perf_counter() > self._deadline_s

    def begin(self) -> float:
        """Note that a statement begins; return when."""
        started_s = time.perf_counter()
        self._deadline_s = started_s + self._timeout_s
        return started_s

    def end(self, started_s: float, text: str) -> None:
        """Note that it has ended, one way or the other."""
        self._deadline_s = math.inf
        seconds = time.perf_counter() - started_s
        kind = _kind(text)
        self._observe(kind, seconds)
        if self._spans is not None:
            self._spans.statement(kind, text, seconds)
        if seconds >= self._slow_s:
            statement = " ".join(text[:_TEXT_LENGTH_MAX].split())
            _log.warning("slow_statement", statement=statement, duration_ms=seconds * 1e3)


def watch_statements(
    engine: Engine, limits: DatabaseLimits, observe: Observe, spans: Spans | None
) -> None:
    """Give each connection of an engine a watch."""
    sqlite = engine.dialect.name == "sqlite"

    def connected(connection: Any, record: Any) -> None:
        watch = record.info[_WATCH] = Watch(limits, observe, spans)
        if sqlite:
            connection.run_async(lambda raw: raw.set_progress_handler(watch.overdue, _STEPS))

    event.listen(engine, "connect", connected)
    event.listen(engine, "before_cursor_execute", _before)
    event.listen(engine, "after_cursor_execute", _after)
    event.listen(engine, "handle_error", _failed)


@contextmanager
def watched(connection: AsyncConnection, text: str) -> Iterator[None]:
    """Watch a statement that the driver runs without SQLAlchemy between."""
    watch: Watch = connection.sync_connection.info[_WATCH]  # type: ignore[union-attr]
    started_s = watch.begin()
    try:
        yield
    finally:
        watch.end(started_s, text)


def _before(connection: Connection, *_statement: object) -> None:
    connection.info[_STARTED] = connection.info[_WATCH].begin()


def _after(connection: Connection, _cursor: object, text: str, *_rest: object) -> None:
    started_s = connection.info.pop(_STARTED, None)
    if started_s is not None:
        connection.info[_WATCH].end(started_s, text)


def _failed(context: ExceptionContext) -> None:
    if context.connection is not None and not context.connection.invalidated:
        _after(context.connection, None, context.statement or "")


def _kind(text: str) -> str:
    word = text.lstrip()[:6].upper()
    if word in _KINDS:
        return word.lower()
    return "select" if word.startswith("WITH") else "other"
