"""Migrations: run under a lock, one process at a time, and bounded in what they wait for."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy import exc as sqlalchemy_errors

from gateway.db.url import synchronous_url
from gateway.errors import ConfigurationError, UnavailableError

_FOLDER = Path(__file__).parent / "migrations"
# Any number that nothing else in the database uses as an advisory lock; chosen by us.
_ADVISORY_LOCK = 7_261_406_115
_POSTGRESQL_OPTIONS = "-c statement_timeout=300000 -c lock_timeout=10000 -c timezone=UTC"


def migrate(url: str) -> None:
    """Bring a database to the newest schema; nothing happens where it is there already.

    Raises:
        UnavailableError: the database cannot be reached.
    """
    with _connected(url) as engine, _one_at_a_time(url, engine), engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
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
        holder.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        # The lock belongs to the session; an open transaction would only stand in the way.
        holder.commit()
        try:
            yield
        finally:
            holder.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
            holder.commit()
