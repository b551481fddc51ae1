"""What Score promises, for a block: known ids answered again, the rest assessed and journaled.

The order of things makes the promise: the engine changes the state and takes the sequence, the
journal keeps the event, and only then does the caller get an outcome. When the journal cannot take
the events (a full disk), they wait here and nothing new is assessed until it can, because the
state has learnt them already; a caller that tries again then gets the answer of the first time.
A worker of several notes each block in its seat until it is journaled, for the case of its death.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.assessment import Assessment
from scoring_server.engine.engine import Engine
from scoring_server.engine.evidence import Recorder
from scoring_server.engine.records import block_of, label_records
from scoring_server.errors import InternalError, UnavailableError
from scoring_server.journal.journal import Journal, JournalBlock, JournalRecord
from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.state.block_notes import BlockNotes
from scoring_server.state.seat import Seat

Status = Literal["REPLAYED", "CONFLICT", "PENDING"]
# positions in the block, their assessment, ingest time -> the events' bytes
Encode = Callable[[Sequence[int], Assessment, int], list[bytes]]
# positions in the block -> bytes that their messages lie in, and where each lies, (n, 2)
Content = Callable[[Sequence[int]], tuple[bytes, NDArray[np.int64]]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transaction whose id was known.

    Attributes:
        status: REPLAYED (the same id and content before), CONFLICT (the same id, other content) or
            PENDING (another worker has it in hand; nothing more is known).
        sequence: of the event that holds the first answer.
        payload: that event's bytes.
    """

    status: Status
    sequence: int
    payload: bytes


class Scorer:
    """Scores blocks and takes labels in, one at a time; threads may share it."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        wall_time_ns: Callable[[], int],
        recorder: Recorder | None = None,
        seat: Seat | None = None,
    ) -> None:
        """Bind engine and journal; both must agree on the last sequence (see recovery.py).

        Args:
            engine: changes the state.
            journal: keeps the events.
            wall_time_ns: gives the time.
            recorder: makes the evidence that is kept with each event; None keeps none.
            seat: of this worker among several; None when it is alone.
        """
        self._engine = engine
        self._journal = journal
        self._wall_time_ns = wall_time_ns
        self._recorder = recorder
        self._seat = seat
        self._lock = threading.Lock()
        # What the journal could not take yet.
        self._waiting: JournalBlock | None = None
        self._waiting_labels: list[JournalRecord] = []
        self._ahead = False

    @property
    def engine(self) -> Engine:
        """The engine that the scorer serialises."""
        return self._engine

    def score(
        self, rows: NDArray[Any], encode: Encode, content: Content, *, with_model: bool = True
    ) -> dict[int, Outcome]:
        """Score a block in order, all of it journaled; return what became of known ids.

        Args:
            rows: TRANSACTION records, shape (n,), checked at the edge.
            encode: makes the events of the new transactions; called at most once.
            content: gives the messages of the new transactions, for the seat.
            with_model: False leaves the model out.

        Returns:
            An outcome for each position that `encode` was not asked for.

        Raises:
            ResourceExhaustedError: the journal's disk is full. What was new is answered when the
                call is tried again after space has come back.
            UnavailableError: an earlier event could not be made, which is our mistake; nothing is
                scored before a restart has rebuilt the state.
        """
        with self._lock:
            self._flush()
            sequences, same_content, are_new = self._engine.lookup(rows)
            leaders = {} if are_new else _leaders(rows, sequences)
            new = range(len(rows)) if are_new else list(leaders.values())
            first: dict[int, tuple[int, bytes]] = {}
            if new:
                fresh = rows if are_new else rows[new]
                scored, block = self._score_new(fresh, new, encode, content, with_model=with_model)
                if len(scored) == len(rows):
                    return {}
                made = zip(block.sequences, block.payloads, strict=True)
                first = dict(zip(scored, made, strict=True))
                if len(scored) < len(new):
                    # Another worker was quicker with the others.
                    leaders = {key: at for key, at in leaders.items() if at in first}
                    sequences, same_content, _ = self._engine.lookup(rows)
            return {
                position: self._known(
                    rows, position, int(sequences[position]), bool(same_content[position]),
                    leaders, first,
                )
                for position in range(len(rows))
                if position not in first
            }  # fmt: skip

    def report_labels(
        self,
        rows: NDArray[Any],
        payload_of: Callable[[int, int, int], bytes],
        content: Content,
    ) -> list[int]:
        """Apply and journal labels in order; return their sequences.

        Args:
            rows: LABEL records, shape (n,).
            payload_of: from position, sequence and ingest time to the event's bytes.
            content: gives the messages, for the seat.
        """
        with self._lock:
            self._flush()
            notes = self._begin(rows, range(len(rows)), content)
            self._ahead = True
            sequences: list[int] = self._engine.apply_labels(rows, notes).tolist()
            self._waiting_labels = label_records(rows, sequences, self._wall_time_ns(), payload_of)
            self._ahead = False
            self._flush()
            return sequences

    @property
    def is_behind(self) -> bool:
        """Whether the journal lacks events that the state has learnt."""
        return self._waiting is not None or bool(self._waiting_labels)

    def settle(self) -> bool:
        """Journal them, and return whether there were any; raises what `score` does."""
        with self._lock:
            was_behind = self.is_behind
            self._flush()
        return was_behind

    def find_transaction(self, transaction_key: int) -> JournalRecord | None:
        """Return the record of a scored transaction: by the replay guard, else by the journal."""
        row = np.zeros(1, TRANSACTION)
        row["transaction_key"] = transaction_key
        with self._lock:
            sequence = int(self._engine.lookup(row).sequences[0])
        if sequence:
            record = self._journal.get(sequence)
            if record is not None:
                return record
        return self._journal.find(transaction_key)

    def _score_new(
        self,
        block: NDArray[Any],
        positions: Sequence[int],
        encode: Encode,
        content: Content,
        *,
        with_model: bool,
    ) -> tuple[Sequence[int], JournalBlock]:
        """Score what is new; return the positions scored, which are all when nobody was quicker."""
        notes = self._begin(block, positions, content)
        # Until its events are made, the state is ahead of anything the journal can get.
        self._ahead = True
        assessment = self._engine.assess(block, with_model=with_model, notes=notes)
        if notes is not None and not assessment.sequences.all():
            mine = np.flatnonzero(assessment.sequences)
            block, assessment = block[mine], assessment.of(mine)
            positions = [positions[each] for each in mine.tolist()]
        made = JournalBlock(0, (), (), b"", ())
        if positions:
            ingest_time_ns = self._wall_time_ns()
            payloads = encode(positions, assessment, ingest_time_ns)
            made = block_of(block, assessment, payloads, ingest_time_ns, self._recorder)
            self._waiting = made
        self._ahead = False
        self._flush()
        return positions, made

    def _begin(
        self, rows: NDArray[Any], positions: Sequence[int], content: Content
    ) -> BlockNotes | None:
        if self._seat is None:
            return None
        self._seat.begin(rows, *content(positions))
        return self._seat.notes

    def _known(
        self,
        rows: NDArray[Any],
        position: int,
        sequence: int,
        same_content: bool,
        leaders: dict[int, int],
        first: dict[int, tuple[int, bytes]],
    ) -> Outcome:
        leader = leaders.get(int(rows[position]["transaction_key"]))
        if sequence == 0 and leader is not None:
            # First seen earlier in this very block.
            same_content = bool(rows[position]["content_key"] == rows[leader]["content_key"])
            return Outcome("REPLAYED" if same_content else "CONFLICT", *first[leader])
        record = self._journal.get(sequence)
        if record is None and self._seat is not None:
            return Outcome("PENDING", sequence, b"")
        if record is None:
            raise InternalError(f"the journal has no event {sequence} that the state knows")
        return Outcome("REPLAYED" if same_content else "CONFLICT", sequence, record.payload)

    def _flush(self) -> None:
        if self._ahead:
            raise UnavailableError(
                "the state holds an event that could not be recorded; a restart rebuilds it",
                reason="STATE_AHEAD",
            )
        if self._waiting is not None:
            self._journal.append_block(self._waiting)
            self._waiting = None
        if self._waiting_labels:
            self._journal.append(self._waiting_labels)
            self._waiting_labels = []
        if self._seat is not None:
            self._seat.settle()


def _leaders(rows: NDArray[Any], sequences: NDArray[Any]) -> dict[int, int]:
    """Return the first position of each new id by its key."""
    leaders: dict[int, int] = {}
    keys = rows["transaction_key"].tolist()
    for position, (key, sequence) in enumerate(zip(keys, sequences.tolist(), strict=True)):
        if sequence == 0:
            leaders.setdefault(key, position)
    return leaders
