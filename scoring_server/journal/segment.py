"""One file of the journal: an SQLite database with the events from one sequence on.

A segment is written in WAL mode with one commit an append, and gets its index over transaction keys
only when it is sealed: an index kept while appending would dirty a random page for each event.
Until then the keys are kept in memory, 16 bytes an event, and searched linearly.
"""

import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

from scoring_server.durable_file import fsync_path
from scoring_server.journal import schema
from scoring_server.journal.chain import (
    GENESIS,
    ChainedRecord,
    Row,
    chained,
    chained_block,
    record_of,
)
from scoring_server.journal.journal import KIND_TRANSACTION, JournalBlock, JournalRecord
from scoring_server.journal.key_tail import KeyTail
from scoring_server.journal.retention import SegmentFacts
from scoring_server.journal.whole_file import check_whole

_SIGN_BIT = 1 << 63
_PREFIX = "segment-"
_SUFFIX = ".sqlite"
# How long a statement waits for another connection's lock. Ours never hold one for long; a person's
# might.
_BUSY_TIMEOUT_S = 1.0
# What a commit adds to the log beside its events: two pages that are not full, with their headers.
_COMMIT_SIZE_BYTES = 2 * (4_096 + 24)


def segment_path(directory: Path, first_sequence: int) -> Path:
    """Return where the segment beginning at a sequence lies; names sort like sequences."""
    return directory / f"{_PREFIX}{first_sequence:020d}{_SUFFIX}"


def segment_paths(directory: Path) -> list[Path]:
    """Return the segments of a directory, oldest first."""
    return sorted(directory.glob(f"{_PREFIX}*{_SUFFIX}"))


def first_sequence_of(path: Path) -> int:
    """Return the first sequence that a segment's name states."""
    return int(path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX))


class Segment:
    """A segment that can be read, and appended to while it is not sealed.

    One thread appends; any thread reads. Every method may raise sqlite3.Error.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first_sequence = first_sequence_of(path)
        # Newest sequence and its link, in one so that no thread sees halves of two.
        self.head = (self.first_sequence - 1, GENESIS)
        self.count = 0
        self.sealed = False
        # About what the write-ahead log holds since it was begun anew.
        self.log_size_bytes = 0
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._reader_lock = threading.Lock()
        self._wal_descriptor = -1
        self._tail = KeyTail()
        self._removed = False

    def inspect(self) -> None:
        """Read what the segment holds; loads the keys of an unsealed one."""
        with self._reader_lock:
            reader = self._open_reader()
            if reader.execute(schema.HAS_TABLE).fetchone() is None:
                return
            self.sealed = reader.execute(schema.HAS_INDEX).fetchone() is not None
            newest = reader.execute(schema.NEWEST).fetchone()[0] or self.last_sequence
            self.head = (newest, schema.newest_link(reader) or GENESIS)
            if not self.sealed:
                rows = reader.execute("SELECT sequence, key, kind FROM events").fetchall()
                self.count = len(rows)
                known = [row for row in rows if row[2] == KIND_TRANSACTION]
                self._tail.add([row[0] for row in known], [row[1] for row in known])

    def open_writer(self, *, synchronous: bool) -> None:
        """Open for appending; creates the file when it does not exist.

        Args:
            synchronous: each commit waits for the disk; else only the process's death is survived
                at once.
        """
        writer = self._connect()
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute(f"PRAGMA synchronous = {'FULL' if synchronous else 'NORMAL'}")
        # The keeper thread checkpoints, so that no append waits for the disk.
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        created = writer.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        schema.create(writer)
        if created:
            writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
            fsync_path(self.path.parent)
        self._writer = writer
        # SQLite locks the database and the -shm file, not this one, so closing our descriptor drops
        # no lock of its.
        wal = self.path.with_name(self.path.name + "-wal")
        self._wal_descriptor = os.open(wal, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    @property
    def last_sequence(self) -> int:
        """Newest sequence; the one before the first when the segment holds none."""
        return self.head[0]

    def follow(self, before: "Segment") -> None:
        """Go on with the chain of the segment before; called before the first append."""
        self.head = (self.last_sequence, before.head[1])

    def append(self, records: Sequence[JournalRecord]) -> None:
        """Commit all records or none."""
        rows = [(*r[:3], _signed(r.key), r.row, r.payload, b"") for r in records]
        known = [row for row in rows if row[2] == KIND_TRANSACTION]
        size_bytes = sum(len(row[4]) + len(row[5]) for row in rows)
        rows = chained(self.head[1], rows)
        self._append(rows, [row[0] for row in known], [row[3] for row in known], size_bytes)

    def append_block(self, block: JournalBlock) -> None:
        """Commit a whole block or nothing of it."""
        size_bytes = len(block.rows) + sum(map(len, block.payloads)) + sum(map(len, block.evidence))
        rows = chained_block(self.head[1], block)
        self._append(rows, block.sequences, block.keys, size_bytes)

    def _append(
        self, rows: Sequence[Row], sequences: Sequence[int], keys: Sequence[int], size_bytes: int
    ) -> None:
        writer = self._writer
        assert writer is not None
        if len(rows) == 1:
            writer.execute(schema.INSERT, rows[0])
        else:
            writer.execute("BEGIN IMMEDIATE")
            try:
                writer.executemany(schema.INSERT, rows)
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise
        self.log_size_bytes += size_bytes + _COMMIT_SIZE_BYTES
        self._tail.add(sequences, keys)
        self.count += len(rows)
        self.head = (cast("int", rows[-1][0]), rows[-1][-1])

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position."""
        return self._select(schema.AFTER, (after_sequence, limit))

    def read_chained(self, after_sequence: int, limit: int) -> list[ChainedRecord]:
        """Return at most `limit` records after a position with what proves them."""
        with self._reader_lock:
            reader = self._open_reader()
            if reader.execute(schema.HAS_TABLE).fetchone() is None:
                return []
            select = schema.SELECT_CHAINED if schema.is_chained(reader) else schema.SELECT_UNCHAINED
            rows = reader.execute(select + schema.AFTER, (after_sequence, limit)).fetchall()
        return [ChainedRecord(record_of(row[:6]), row[6], row[7]) for row in rows]

    def get(self, sequence: int) -> JournalRecord | None:
        """Return the record of one sequence."""
        found = self._select("WHERE sequence = ?", (sequence,))
        return found[0] if found else None

    def newest_sequence(self) -> int:
        """Return the newest sequence that the file holds now; 0 when it holds none."""
        with self._reader_lock:
            reader = self._open_reader()
            if reader.execute(schema.HAS_TABLE).fetchone() is None:
                return 0
            return reader.execute(schema.NEWEST).fetchone()[0] or 0

    def find(self, transaction_key: int) -> JournalRecord | None:
        """Return the newest transaction of a key."""
        # Taken before `sealed` is read: sealing sets the flag first and drops the keys after.
        tail = self._tail
        if self.sealed:
            found = self.search(transaction_key)
            return found[0] if found else None
        sequence = tail.newest(_signed(transaction_key))
        return self.get(sequence) if sequence else None

    def search(self, transaction_key: int) -> list[JournalRecord]:
        """Return the newest transaction of a key, or nothing; slow while there is no index."""
        return self._select(schema.NEWEST_OF_KEY, (_signed(transaction_key),))

    def sync(self) -> None:
        """Make what was appended survive a power cut."""
        if self._wal_descriptor >= 0:
            os.fdatasync(self._wal_descriptor)

    def checkpoint(self) -> None:
        """Move the log into the database; what is appended meanwhile stays in the log."""
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def restart_log(self) -> None:
        """Finish a checkpoint; the next append starts the log anew. The caller holds appends.

        The file keeps its size: to cut 64 MiB off took 20 to 40 ms, and what is written over needs
        no space to be found for it.
        """
        if self._writer is not None:
            # A reader in the way only puts it off; appends must not wait for it.
            self._writer.execute("PRAGMA busy_timeout = 0")
            is_busy = self._writer.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]
            if not is_busy:
                self.log_size_bytes = 0
            self._writer.execute(f"PRAGMA busy_timeout = {round(_BUSY_TIMEOUT_S * 1_000)}")

    def seal(self) -> None:
        """Build the key index and fold the log into the file; nothing is appended afterwards."""
        self.close_writer()
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(schema.SCHEMA)
            connection.execute(schema.INDEX)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.sealed = True
        self._tail = KeyTail()

    def facts(self) -> SegmentFacts:
        """Return what retention needs to know."""
        newest = self.get(self.last_sequence)
        return SegmentFacts(
            self.last_sequence,
            newest.ingest_time_ns if newest else 0,
            self.path.stat().st_size,
        )

    def remove(self) -> None:
        """Remove the file of a sealed segment."""
        with self._reader_lock:
            self._close_reader()
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            self._removed = True

    def close_writer(self) -> None:
        """Stop appending."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._wal_descriptor >= 0:
            os.close(self._wal_descriptor)
            self._wal_descriptor = -1

    def close_reader(self) -> None:
        """Close the read connection; the next read opens another."""
        with self._reader_lock:
            self._close_reader()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _select(self, where: str, values: tuple[int, ...]) -> list[JournalRecord]:
        with self._reader_lock:
            if self._removed:
                return []
            rows = self._open_reader().execute(schema.SELECT + where, values).fetchall()
        return [record_of(row) for row in rows]

    def _open_reader(self) -> sqlite3.Connection:
        if self._reader is None:
            # Never made anew: another process may have dropped it.
            check_whole(self.path)
            self._reader = self._connect("rw")
            self._reader.execute("PRAGMA query_only = ON")
        return self._reader

    def _connect(self, mode: str = "rwc") -> sqlite3.Connection:
        # Each connection is used by one thread at a time; the locks that see to it are ours.
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )


def _signed(key: int) -> int:
    return key - schema.KEY_RANGE if key >= _SIGN_BIT else key
