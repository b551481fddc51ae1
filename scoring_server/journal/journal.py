"""What the engine and the feed need of a journal. Consumers depend on this, not on a store."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

KIND_TRANSACTION = 0
KIND_LABEL = 1


class JournalRecord(NamedTuple):
    """One event as it is kept.

    Attributes:
        sequence: position in the total order of all events, from 1.
        ingest_time_ns: when it was taken in, nanoseconds since the Unix epoch.
        kind: KIND_TRANSACTION or KIND_LABEL.
        key: transaction_key, unsigned 64 bits; for a label that of the transaction it speaks of.
        row: bytes of one TRANSACTION or LABEL record.
        payload: the event as it is sent to subscribers.
    """

    sequence: int
    ingest_time_ns: int
    kind: int
    key: int
    row: bytes
    payload: bytes


class JournalBlock(NamedTuple):
    """Transactions that were scored together, in columns.

    Attributes:
        ingest_time_ns: of all.
        sequences: ascending.
        keys: transaction keys as signed 64 bits.
        rows: bytes of all TRANSACTION records, one after another.
        payloads: the events.
        evidence: what each decision was made from; empty when that is not recorded.
    """

    ingest_time_ns: int
    sequences: Sequence[int]
    keys: Sequence[int]
    rows: bytes
    payloads: Sequence[bytes]
    evidence: Sequence[bytes] = ()


class Journal(Protocol):
    """An append-only list of records in ascending sequence, written by one process."""

    @property
    def journal_id(self) -> str:
        """Identity of the installation's journal; new when the data directory is made anew."""

    @property
    def first_sequence(self) -> int:
        """Oldest sequence kept; 0 when nothing is."""

    @property
    def last_sequence(self) -> int:
        """Newest sequence ever appended; 0 when nothing was."""

    def append(self, records: Sequence[JournalRecord]) -> None:
        """Keep all records or none; they survive the death of the process once this returns.

        Sequences ascend, gaps are allowed.

        Raises:
            ResourceExhaustedError: the disk is full; nothing was kept.
            UnavailableError: the store failed or is closed; nothing was kept.
        """

    def append_block(self, block: JournalBlock) -> None:
        """Keep a whole block or nothing of it; all else as `append`."""

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first; empty at the end."""

    def get(self, sequence: int) -> JournalRecord | None:
        """Return the record of one sequence."""

    def find(self, transaction_key: int) -> JournalRecord | None:
        """Return the newest transaction record of a key."""

    def wait(
        self, after_sequence: int, timeout_s: float, stopped: Callable[[], bool] = lambda: False
    ) -> bool:
        """Wait until there is a record after a position.

        Returns:
            False when there is none by the end of the timeout, when `stopped` says so after a
            `wake`, or when the journal is closed.
        """

    def wake(self) -> None:
        """Make every waiter ask its `stopped` again."""
