"""SQLite or LMDB for the journal: what an append costs, and what a file takes.

    pip install lmdb && python -m tests.load.measure_journal_stores

Both as the journal would use them: an append survives the process when it returns, the disk is
synced in the background or, with `always`, by every append. One JSON line for each of them.
"""

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

try:
    import lmdb
except ImportError:
    lmdb = None

# Of a journaled payment: TRANSACTION record and event.
_EVENT_SIZE_BYTES = 620
# Of stat(2).
_BLOCK_SIZE = 512
_LMDB_SIZE_BYTES_MAX = 8 << 30
_ROUNDS = 5
_SYNC_S = 0.1

Append = Callable[[int, list[bytes]], Any]
# What appends, and what makes appends survive a power cut.
Store = tuple[Append, Callable[[], Any]]


@contextmanager
def sqlite(folder: Path, *, always: bool) -> Iterator[Store]:
    path = folder / "events.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if always else 'NORMAL'}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("CREATE TABLE events (sequence INTEGER PRIMARY KEY, event BLOB)")
        log = os.open(f"{path}-wal", os.O_RDWR)

        def append(first: int, events: list[bytes]) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO events VALUES (?, ?)", enumerate(events, first))
            connection.execute("COMMIT")

        yield append, lambda: os.fdatasync(log)
        os.close(log)


@contextmanager
def embedded_map(folder: Path, *, always: bool) -> Iterator[Store]:
    if lmdb is None:
        raise click.ClickException("LMDB is not installed: pip install lmdb")
    with closing(lmdb.open(str(folder), map_size=_LMDB_SIZE_BYTES_MAX, sync=always)) as store:

        def append(first: int, events: list[bytes]) -> None:
            with store.begin(write=True) as transaction:
                for sequence, event in enumerate(events, first):
                    transaction.put(sequence.to_bytes(8, "big"), event, append=True)

        yield append, lambda: store.sync(True)


STORES = {"sqlite": sqlite, "lmdb": embedded_map}


def measure(name: str, count: int, size: int, *, always: bool) -> dict[str, float]:
    """Append events, `size` at a time; return microseconds an event and bytes an event on disk."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        took_s = append_all(name, Path(folder), count, size, always=always)
        used = sum(path.stat().st_blocks * _BLOCK_SIZE for path in Path(folder).iterdir())
    return {"us": took_s / count * 1e6, "bytes": used / count}


def append_all(name: str, folder: Path, count: int, size: int, *, always: bool) -> float:
    """Append to a new store; return the seconds that it took."""
    with STORES[name](folder, always=always) as (append, sync):
        began = synced = time.perf_counter()
        for first in range(1, count + 1, size):
            append(first, [os.urandom(_EVENT_SIZE_BYTES) for _ in range(size)])
            if not always and time.perf_counter() - synced > _SYNC_S:
                sync()
                synced = time.perf_counter()
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=50_000)
    given = parser.parse_args()
    for always, size in ((False, 1), (False, 50), (True, 1), (True, 50)):
        found: dict[str, list[dict[str, float]]] = {name: [] for name in STORES}
        count = given.events if not always else given.events * size // 500
        # Side by side, because the machine has other work.
        for _ in range(_ROUNDS):
            for name in STORES:
                found[name].append(measure(name, count, size, always=always))
        for name, figures in found.items():
            us, used = (statistics.median(f[key] for f in figures) for key in ("us", "bytes"))
            click.echo(
                json.dumps(
                    {
                        "store": name,
                        "sync": "always" if always else "background",
                        "events_a_commit": size,
                        "us_an_event": round(us, 2),
                        "bytes_an_event": round(used),
                    }
                )
            )


if __name__ == "__main__":
    main()
