"""Migrations: run under a lock, one process at a time, and bounded in what they wait for."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy import exc as sqlalchemy_errors

from gateway.db.restored import adopt_changes
from gateway.db.url import synchronous_url
from gateway.errors import ConfigurationError, UnavailableError

_NEWEST = "head"
_FOLDER = Path(__file__).parent / "migrations"
# Any number that nothing else in the database uses as an advisory lock; chosen by us.
_ADVISORY_LOCK = 7_261_406_115
_LOCK_TIMEOUT_S = 600
_LOCK_PAUSE_S = 0.2
# Whoever asks for a table after a migration that waits for it waits as well, so it waits for a
# shorter time than a request does (db/connecting.py), then lets the others go first and asks again.
_POSTGRESQL_OPTIONS = "-c statement_timeout=300000 -c lock_timeout=2000 -c timezone=UTC"
_TABLE_ATTEMPTS_MAX = 40
_TABLE_PAUSE_S = 1.0

_log = structlog.get_logger(__name__)


def migrate(url: str, revision: str = _NEWEST) -> None:
    """Bring a database up to a schema, the newest one by default.

    Nothing happens where it is there already, but for what a restored dump needs; see restored.py.

    Raises:
        UnavailableError: the database cannot be reached, or somebody has held a table for minutes.
    """
    pause = threading.Event()
    with _connected(url) as engine, _one_at_a_time(url, engine):
        for attempt in range(1, _TABLE_ATTEMPTS_MAX + 1):
            try:
                _upgrade(engine, revision)
            except sqlalchemy_errors.OperationalError as error:
                held = isinstance(error.orig, psycopg.errors.LockNotAvailable)
                if not held or attempt == _TABLE_ATTEMPTS_MAX:
                    raise
                _log.warning("migration_waits_for_table", attempt=attempt)
                pause.wait(_TABLE_PAUSE_S)
            else:
                return


def _upgrade(engine: Engine, revision: str) -> None:
    """Run what is missing; each migration is a transaction, so what ran before a failure stays."""
    with engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
        if revision == _NEWEST:
            adopt_changes(connection)
            connection.commit()


def schema_versions(url: str) -> tuple[str | None, str | None]:
    """Return the schema version a database has, and the one that this program needs.

    Raises:
        UnavailableError: the database cannot be reached.
    """
    with _connected(url) as engine, engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def require_current(url: str) -> None:
    """Raise ConfigurationError unless the database has the schema that this program needs."""
    current, needed = schema_versions(url)
    if current != needed:
        raise ConfigurationError(
            f"the database has schema {current or 'none'} and this program needs {needed}: run "
            "`anomaly db migrate`"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _connected(url: str) -> Iterator[Engine]:
    sqlite = url.startswith("sqlite")
    if sqlite:
        Path(make_url(url).database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        synchronous_url(url),
        connect_args={} if sqlite else {"connect_timeout": 5, "options": _POSTGRESQL_OPTIONS},
    )
    if sqlite:
        event.listen(engine, "connect", _wal)
    try:
        yield engine
    except (sqlalchemy_errors.OperationalError, sqlalchemy_errors.InterfaceError) as error:
        raise UnavailableError(
            f"the database is away or locked: {error.orig}", reason="DATABASE_UNAVAILABLE"
        ) from error
    finally:
        engine.dispose()


def _wal(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


@contextmanager
def _one_at_a_time(url: str, engine: Engine) -> Iterator[None]:
    """Hold the migration lock: an advisory one of PostgreSQL, a file beside an SQLite database."""
    if engine.dialect.name == "sqlite":
        path = Path(f"{make_url(url).database}.migrate.lock")
        with path.open("w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as holder:
        _wait_for_lock(holder)
        try:
            yield
        finally:
            holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
            holder.commit()


def _wait_for_lock(holder: Connection) -> None:
    """Take the lock for the session of the connection.

    It is asked for again and again instead of waited for: an index that is built beside running
    transactions waits for all of them to end, and so would wait for whoever waits for it.
    """
    pause = threading.Event()
    for _ in range(int(_LOCK_TIMEOUT_S / _LOCK_PAUSE_S)):
        taken = holder.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        # The lock belongs to the session; an open transaction would only stand in the way.
        holder.commit()
        if taken:
            return
        pause.wait(_LOCK_PAUSE_S)
    raise UnavailableError(
        f"another process has been migrating the database for {_LOCK_TIMEOUT_S} s",
        reason="DATABASE_UNAVAILABLE",
    )
