"""How events are chained: each one's link is made of the link before it and the event itself.

A link is SHA-256 over the link before and the SHA-256 of the event, so that whoever knows a later
link can prove an event without showing the events between.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import repeat
from struct import Struct
from typing import Any, NamedTuple

from scoring_server.journal.journal import KIND_TRANSACTION, JournalBlock, JournalRecord
from scoring_server.journal.schema import KEY_RANGE

# The link before the first event.
GENESIS = bytes(32)
# Sequence, time, kind, key, and the sizes that tell where one part ends.
_HEAD = Struct("<QqqqII")

Row = tuple[Any, ...]


class ChainedRecord(NamedTuple):
    """An event with what proves it.

    Attributes:
        record: the event.
        evidence: what the decision was made from; empty for a label, and before it was recorded.
        link: None when it was written by a release that did not chain.
    """

    record: JournalRecord
    evidence: bytes
    link: bytes | None

    def digest(self) -> bytes:
        """Return the digest of the event itself."""
        record = self.record
        key = record.key - (1 << 64) if record.key >= 1 << 63 else record.key
        return _digest((*record[:3], key, record.row, record.payload, self.evidence))


def record_of(row: Row) -> JournalRecord:
    """Return the record of a row's first six columns."""
    sequence, time_ns, kind, key, content, payload = row
    return JournalRecord(sequence, time_ns, kind, key % KEY_RANGE, content, payload)


def link_after(previous: bytes, digest: bytes) -> bytes:
    """Return the link of an event from the link before it and its digest."""
    return sha256(previous + digest).digest()


def chained(previous: bytes, rows: Sequence[Row]) -> list[Row]:
    """Return rows of the events table with their links as the last column.

    Args:
        previous: link of the event before them.
        rows: sequence, ingest_time_ns, kind, signed key, row, payload and evidence of each.
    """
    out = []
    for row in rows:
        previous = sha256(previous + _digest(row)).digest()
        out.append((*row, previous))
    return out


def chained_block(previous: bytes, block: JournalBlock) -> list[Row]:
    """Return what `chained` returns for the rows of a block, at two thirds of its cost.

    Args:
        previous: link of the event before the block.
        block: of one or more transactions.
    """
    time_ns, content = block.ingest_time_ns, block.rows
    size = len(content) // len(block.sequences)
    pack, start = _HEAD.pack, 0
    out = []
    # No evidence has no end.
    columns = zip(
        block.sequences, block.keys, block.payloads, block.evidence or repeat(b""), strict=False
    )
    for sequence, key, payload, evidence in columns:
        record = content[start : start + size]
        start += size
        head = pack(sequence, time_ns, KIND_TRANSACTION, key, size, len(payload))
        digest = sha256(b"".join((head, record, payload, evidence))).digest()
        previous = sha256(previous + digest).digest()
        out.append((sequence, time_ns, KIND_TRANSACTION, key, record, payload, evidence, previous))
    return out


def _digest(row: Row) -> bytes:
    sequence, time_ns, kind, key, record, payload, evidence = row
    head = _HEAD.pack(sequence, time_ns, kind, key, len(record), len(payload))
    return sha256(b"".join((head, record, payload, evidence))).digest()
