"""What is known of labels: which label ids were seen, and which one of a transaction counts now.

Derived from the journal and caught up from it at each start, so it may be deleted at any time.
"""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from scoring_server.errors import ConfigurationError, ResourceExhaustedError, UnavailableError
from scoring_server.journal.faults import append_error
from scoring_server.journal.journal import KIND_LABEL, Journal, JournalRecord

_log = structlog.get_logger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen_labels (label_key INTEGER PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS values_now (
  transaction_key INTEGER PRIMARY KEY,
  value INTEGER NOT NULL,
  known_time_ns INTEGER NOT NULL DEFAULT 0,
  row BLOB NOT NULL DEFAULT x''
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
_WITHDRAWN = 3
# Columns that came later; an index of an earlier release gets them and reads the journal again.
_ADDED_COLUMNS = (
    "known_time_ns INTEGER NOT NULL DEFAULT 0",
    "row BLOB NOT NULL DEFAULT x''",
)


class Carried(NamedTuple):
    """The label of a transaction that counts now.

    Attributes:
        value: value of the proto enum LabelValue.
        known_time_ns: newest time at which it became known, or was said again.
        row: bytes of a LABEL record with the transaction's entities; empty when an earlier release
            took it in.
    """

    value: int
    known_time_ns: int
    row: bytes


class LabelEntry(NamedTuple):
    """One label as the index takes it in.

    Attributes:
        label_key: key of the label's id.
        transaction_key: key of the transaction it speaks of.
        carried: what it says.
        changes: whether the state's counts changed by it.
        sequence: of its event.
    """

    label_key: int
    transaction_key: int
    carried: Carried
    changes: bool
    sequence: int


class LabelIndex:
    """An open index. One thread at a time; the caller serialises.

    Args:
        path: its file.
        journal: what it is derived from.
        read_label: gives what an event of a label says; the index knows bytes only.
        is_shared: whether other workers use the file too. Then `journal` is this worker's own, the
            index is up to date already, and what this process does to it needs its label turn.

    Raises:
        ConfigurationError: the file cannot be made.
    """

    def __init__(
        self,
        path: Path,
        journal: Journal,
        read_label: Callable[[JournalRecord], LabelEntry],
        *,
        is_shared: bool = False,
    ) -> None:
        self._journal = journal
        self._read_label = read_label
        self._is_shared = is_shared
        self._waiting: list[LabelEntry] = []
        try:
            self._connection = self._open(path)
        except sqlite3.OperationalError as error:
            raise ConfigurationError(
                f"the label index {path} must be writable: {error}", reason="LABEL_INDEX"
            ) from error
        if not is_shared:
            self.catch_up()

    def seen(self, label_key: int) -> bool:
        """Say whether a label of this id was taken in."""
        query = "SELECT 1 FROM seen_labels WHERE label_key = ?"
        return self._connection.execute(query, (_signed(label_key),)).fetchone() is not None

    def carried(self, transaction_key: int) -> Carried | None:
        """Return the label that counts for a transaction; None when it was never labelled."""
        query = "SELECT value, known_time_ns, row FROM values_now WHERE transaction_key = ?"
        row = self._connection.execute(query, (_signed(transaction_key),)).fetchone()
        return None if row is None else Carried(*row)

    def apply(self, entries: Iterable[LabelEntry]) -> None:
        """Take in labels that have events, in order.

        What the disk has no room for waits in memory, and nothing may be looked up before `settle`
        has written it.
        """
        self._waiting += entries
        # Whoever settles next is told why it waits.
        with suppress(ResourceExhaustedError, UnavailableError):
            self.settle()

    @property
    def is_behind(self) -> bool:
        """Whether there are labels that could not be written yet."""
        return bool(self._waiting)

    def settle(self) -> None:
        """Write what waits.

        Raises:
            ResourceExhaustedError: the disk is full still.
            UnavailableError: the file cannot be written for another reason.
        """
        if self._waiting:
            try:
                self._apply(self._waiting, self._waiting[-1].sequence)
            except sqlite3.Error as error:
                raise append_error(error) from error
            self._waiting = []

    def close(self) -> None:
        """Close the file, noting how far it has come; what waits is read from the journal again."""
        if not self._is_shared and not self._waiting:
            self._apply([], self._journal.last_sequence)
        self._connection.close()

    def catch_up(self) -> None:
        """Take in the labels of the journal from where it has come to."""
        after = int(self._connection.execute("SELECT sequence FROM position").fetchone()[0])
        while records := self._journal.read(after, _CATCH_UP_SIZE):
            after = records[-1].sequence
            labels = (record for record in records if record.kind == KIND_LABEL)
            entries = [self._read_label(record) for record in labels]
            self._apply(entries, after)

    def _apply(self, entries: list[LabelEntry], sequence: int) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(
                "INSERT OR IGNORE INTO seen_labels VALUES (?)",
                [(_signed(entry.label_key),) for entry in entries],
            )
            for entry in entries:
                self._carry(entry)
            connection.execute("UPDATE position SET sequence = max(sequence, ?)", (sequence,))
            connection.execute("COMMIT")
        except BaseException:
            # A full disk has ended the transaction already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _carry(self, entry: LabelEntry) -> None:
        """Take a label as the one that counts if it was counted when it came, or says the same."""
        before, after = self.carried(entry.transaction_key), entry.carried
        if not entry.changes:
            if after.value != (_WITHDRAWN if before is None else before.value):
                return
            known_time_ns = max(after.known_time_ns, 0 if before is None else before.known_time_ns)
            after = after._replace(known_time_ns=known_time_ns)
        self._connection.execute(
            "INSERT OR REPLACE INTO values_now VALUES (?, ?, ?, ?)",
            (_signed(entry.transaction_key), *after),
        )

    def _open(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(2):
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                # A lost tail is read from the journal again.
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.executescript(_SCHEMA)
                _upgrade(connection)
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
            is_ahead = row[1] > self._journal.last_sequence and not self._is_shared
            if row[0] == self._journal.journal_id and not is_ahead:
                return connection
            # It belongs to another journal, or to a longer one than a power cut left.
            connection.close()
            _remove(path)
        message = "a new index must be empty"
        raise AssertionError(message)


def _upgrade(connection: sqlite3.Connection) -> None:
    known = connection.execute("SELECT count(*) FROM pragma_table_info('values_now')").fetchone()[0]
    if known > 2:  # noqa: PLR2004 - key and value are what the first release had
        return
    connection.execute("BEGIN IMMEDIATE")
    for column in _ADDED_COLUMNS:
        connection.execute(f"ALTER TABLE values_now ADD COLUMN {column}")
    connection.execute("UPDATE position SET sequence = 0")
    connection.execute("COMMIT")


def _signed(key: int) -> int:
    return key - _KEY_RANGE if key >= _SIGN_BIT else key


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
