"""What is known of labels: which label ids were seen, and what each transaction carries now.

Derived from the journal and caught up from it at each start, so it may be deleted at any time.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import structlog

from scoring_server.errors import ConfigurationError
from scoring_server.journal.journal import KIND_LABEL, Journal

_log = structlog.get_logger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen_labels (label_key INTEGER PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS values_now (
  transaction_key INTEGER PRIMARY KEY,
  value INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS position (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  journal_id TEXT NOT NULL,
  sequence INTEGER NOT NULL
);
"""
_SIGN_BIT = 1 << 63
_KEY_RANGE = 1 << 64
_CATCH_UP_SIZE = 4_096


class LabelEntry(NamedTuple):
    """One label as the index knows it.

    Attributes:
        label_key: key of the label's id.
        transaction_key: key of the transaction it speaks of.
        value: value of the proto enum LabelValue.
        sequence: of its event.
    """

    label_key: int
    transaction_key: int
    value: int
    sequence: int


class LabelIndex:
    """An open index. One thread at a time; the caller serialises.

    Args:
        path: its file.
        journal: what it is derived from.
        read_label: gives label_key and value of a label's payload; the index knows bytes only.

    Raises:
        ConfigurationError: the file cannot be made.
    """

    def __init__(
        self, path: Path, journal: Journal, read_label: Callable[[bytes], tuple[int, int]]
    ) -> None:
        self._journal = journal
        self._read_label = read_label
        try:
            self._connection = self._open(path)
        except sqlite3.OperationalError as error:
            raise ConfigurationError(
                f"the label index {path} must be writable: {error}", reason="LABEL_INDEX"
            ) from error
        self._catch_up()

    def seen(self, label_key: int) -> bool:
        """Say whether a label of this id was applied."""
        query = "SELECT 1 FROM seen_labels WHERE label_key = ?"
        return self._connection.execute(query, (_signed(label_key),)).fetchone() is not None

    def value(self, transaction_key: int) -> int | None:
        """Return the value that a transaction carries; None when it was never labelled."""
        query = "SELECT value FROM values_now WHERE transaction_key = ?"
        row = self._connection.execute(query, (_signed(transaction_key),)).fetchone()
        return None if row is None else int(row[0])

    def apply(self, entries: Iterable[LabelEntry]) -> None:
        """Take in labels that are in the journal, in order."""
        listed = list(entries)
        if listed:
            self._apply(listed, listed[-1].sequence)

    def close(self) -> None:
        """Close the file, noting how far it has come."""
        self._apply([], self._journal.last_sequence)
        self._connection.close()

    def _apply(self, entries: list[LabelEntry], sequence: int) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(
                "INSERT OR IGNORE INTO seen_labels VALUES (?)",
                [(_signed(entry.label_key),) for entry in entries],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO values_now VALUES (?, ?)",
                [(_signed(entry.transaction_key), entry.value) for entry in entries],
            )
            connection.execute("UPDATE position SET sequence = ?", (sequence,))
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def _open(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(2):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                # A lost tail is read from the journal again.
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.executescript(_SCHEMA)
                row = connection.execute("SELECT journal_id, sequence FROM position").fetchone()
            except sqlite3.OperationalError:
                connection.close()
                raise
            except sqlite3.DatabaseError as error:
                connection.close()
                _log.warning("label_index_damaged", error=str(error), action="made anew")
                _remove(path)
                if attempt:
                    raise
                continue
            if row is None:
                connection.execute(
                    "INSERT INTO position VALUES (1, ?, 0)", (self._journal.journal_id,)
                )
                return connection
            if row[0] == self._journal.journal_id and row[1] <= self._journal.last_sequence:
                return connection
            # It belongs to another journal, or to a longer one than a power cut left.
            connection.close()
            _remove(path)
        message = "a new index must be empty"
        raise AssertionError(message)

    def _catch_up(self) -> None:
        after = int(self._connection.execute("SELECT sequence FROM position").fetchone()[0])
        while records := self._journal.read(after, _CATCH_UP_SIZE):
            after = records[-1].sequence
            entries = [
                LabelEntry(label_key, record.key, value, record.sequence)
                for record in records
                if record.kind == KIND_LABEL
                for label_key, value in [self._read_label(record.payload)]
            ]
            self._apply(entries, after)


def _signed(key: int) -> int:
    return key - _KEY_RANGE if key >= _SIGN_BIT else key


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
