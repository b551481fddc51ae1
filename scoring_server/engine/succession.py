"""Finishes the block that a worker died in, before the one that takes its place serves."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from numpy.typing import NDArray

from scoring_server.engine.assessment import Assessment
from scoring_server.engine.engine import Engine
from scoring_server.engine.evidence import Recorder
from scoring_server.engine.records import block_of, label_records
from scoring_server.journal.journal import Journal
from scoring_server.kernels.dtypes import LABEL
from scoring_server.state.seat import Seat, Unfinished

_log = structlog.get_logger(__name__)

# The messages of transactions, their records, their assessment and the ingest time -> the events.
EncodeAgain = Callable[[Sequence[bytes], NDArray[Any], Assessment, int], list[bytes]]
# The message of a label, its sequence and the ingest time -> the event.
LabelEvent = Callable[[bytes, int, int], bytes]


def finish(
    seat: Seat,
    engine: Engine,
    journal: Journal,
    recorder: Recorder | None,
    encode: EncodeAgain,
    label_event: LabelEvent,
    now_ns: int,
) -> int:
    """Journal what the one before has left in the state without events; return how much that was.

    Nobody was told anything of it: a caller that tries again gets the answer given here.

    Args:
        seat: of this worker.
        engine: bound to the same place.
        journal: of this worker alone, which the one before wrote.
        recorder: makes the evidence.
        encode: makes the events of transactions.
        label_event: makes the event of a label.
        now_ns: becomes the ingest time, nanoseconds since the Unix epoch.

    Raises:
        ResourceExhaustedError: the journal's disk is full.
    """
    left = seat.unfinished()
    done = 0
    # A block is in the journal wholly or not at all.
    if left is not None and len(left.rows) and left.sequences[0] > journal.last_sequence:
        _journal(left, engine, journal, recorder, encode, label_event, now_ns)
        done = len(left.rows)
        _log.warning("block_finished", events=done, first_sequence=int(left.sequences[0]))
    seat.settle()
    return done


def _journal(
    left: Unfinished,
    engine: Engine,
    journal: Journal,
    recorder: Recorder | None,
    encode: EncodeAgain,
    label_event: LabelEvent,
    now_ns: int,
) -> None:
    if left.rows.dtype == LABEL:

        def payload_of(position: int, sequence: int, ingest_time_ns: int) -> bytes:
            return label_event(left.contents[position], sequence, ingest_time_ns)

        journal.append(label_records(left.rows, left.sequences.tolist(), now_ns, payload_of))
        return
    assessment = engine.judge_again(left.rows, left.records, left.sequences)
    payloads = encode(left.contents, left.rows, assessment, now_ns)
    journal.append_block(block_of(left.rows, assessment, payloads, now_ns, recorder))
