"""Records whose content follows from their sequence."""

import threading

from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_TRANSACTION, JournalRecord

KEY_HIGH = 2**64 - 5


def record(sequence: int, *, key: int | None = None, kind: int = KIND_TRANSACTION) -> JournalRecord:
    return JournalRecord(
        sequence,
        1_000 + sequence,
        kind,
        KEY_HIGH - sequence if key is None else key,
        b"row%d" % sequence,
        b"payload%d" % sequence,
    )


def records(first: int, last: int) -> list[JournalRecord]:
    return [record(sequence) for sequence in range(first, last + 1)]


def wait_sealed(journal: EmbeddedJournal, count: int) -> None:
    done = threading.Event()
    while sum(segment.sealed for segment in journal._segments) < count:
        assert not done.wait(0.01)
