"""What the journal keeps of a block that the state has learnt."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.assessment import Assessment
from scoring_server.engine.evidence import Recorder
from scoring_server.journal.journal import KIND_LABEL, JournalBlock, JournalRecord


def block_of(
    rows: NDArray[Any],
    assessment: Assessment,
    payloads: Sequence[bytes],
    ingest_time_ns: int,
    recorder: Recorder | None,
) -> JournalBlock:
    """Return the events of transactions.

    Args:
        rows: TRANSACTION records, (n,).
        assessment: of the same.
        payloads: the events as subscribers get them.
        ingest_time_ns: when they were taken in.
        recorder: makes the evidence; None keeps none.
    """
    return JournalBlock(
        ingest_time_ns,
        assessment.sequences.tolist(),
        rows["transaction_key"].astype(np.int64).tolist(),
        rows.tobytes(),
        payloads,
        recorder.record(assessment) if recorder else (),
    )


def label_records(
    rows: NDArray[Any],
    sequences: Sequence[int],
    ingest_time_ns: int,
    payload_of: Callable[[int, int, int], bytes],
) -> list[JournalRecord]:
    """Return the events of labels.

    Args:
        rows: LABEL records, (n,).
        sequences: of the same.
        ingest_time_ns: when they were taken in.
        payload_of: from position, sequence and ingest time to the event's bytes.
    """
    return [
        JournalRecord(
            sequence,
            ingest_time_ns,
            KIND_LABEL,
            int(rows[position]["transaction_key"]),
            rows[position].tobytes(),
            payload_of(position, sequence, ingest_time_ns),
        )
        for position, sequence in enumerate(sequences)
    ]
