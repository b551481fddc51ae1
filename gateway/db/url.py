"""Database URLs: every form that people write, turned into the one that the engine takes."""

import re
from pathlib import Path

from gateway.errors import ConfigurationError

SQLITE_FILE = "gateway.sqlite"
_POSTGRESQL = re.compile(r"^(postgresql|postgres|postgresql\+asyncpg|postgresql\+psycopg)://")
_SQLITE = re.compile(r"^sqlite(\+aiosqlite|\+pysqlite)?:///")


def database_url(raw: str, data_dir: Path) -> str:
    """Return the SQLAlchemy URL for DATABASE_URL.

    An empty one means an SQLite file in the data directory.

    Raises:
        ConfigurationError: neither PostgreSQL nor an SQLite file. The message never repeats a
            password.
    """
    if not raw:
        return f"sqlite+aiosqlite:///{data_dir / SQLITE_FILE}"
    if _POSTGRESQL.match(raw):
        return _POSTGRESQL.sub("postgresql+psycopg://", raw)
    if _SQLITE.match(raw):
        path = _SQLITE.sub("", raw).partition("?")[0]
        if path not in {"", ":memory:"}:
            return f"sqlite+aiosqlite:///{path}"
    scheme = raw.partition("://")[0][:20]
    raise ConfigurationError(
        "DATABASE_URL must start with postgresql://, postgres://, postgresql+asyncpg://, "
        "postgresql+psycopg:// or"
        f" sqlite:/// with the path of a file, had {scheme!r}"
    )


def synchronous_url(url: str) -> str:
    """Return the URL for a blocking engine on the same database, as migrations use it."""
    return url.replace("sqlite+aiosqlite:", "sqlite:", 1)
