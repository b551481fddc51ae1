"""What Score promises, for a block: known ids answered again, the rest assessed and journaled.

The order of things makes the promise: the engine changes the state and takes the sequence, the
journal keeps the event, and only then does the caller get an outcome. When the journal cannot take
the events (a full disk), they wait here and nothing new is assessed until it can, because the
state has learnt them already; a caller that tries again then gets the answer of the first time.
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
from scoring_server.errors import InternalError, UnavailableError
from scoring_server.journal.journal import KIND_LABEL, Journal, JournalBlock, JournalRecord
from scoring_server.kernels.dtypes import TRANSACTION

Status = Literal["REPLAYED", "CONFLICT"]
# positions in the block, their assessment, ingest time -> the events' bytes
Encode = Callable[[Sequence[int], Assessment, int], list[bytes]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a transaction whose id was known.

    Attributes:
        status: REPLAYED (the same id and content before) or CONFLICT (the same id, other content).
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
    ) -> None:
        """Bind engine and journal; both must agree on the last sequence (see recovery.py).

        Args:
            engine: changes the state.
            journal: keeps the events.
            wall_time_ns: gives the time.
            recorder: makes the evidence that is kept with each event; None keeps none.
        """
        self._engine = engine
        self._journal = journal
        self._wall_time_ns = wall_time_ns
        self._recorder = recorder
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
        self, rows: NDArray[Any], encode: Encode, *, with_model: bool = True
    ) -> dict[int, Outcome]:
        """Score a block in order, all of it journaled; return what became of known ids.

        Args:
            rows: TRANSACTION records, shape (n,), checked at the edge.
            encode: makes the events of the new transactions; called at most once.
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
            if are_new:
                self._score_new(rows, range(len(rows)), encode, with_model=with_model)
                return {}
            leaders = _leaders(rows, sequences)
            first: dict[int, tuple[int, bytes]] = {}
            if leaders:
                new = list(leaders.values())
                block = self._score_new(rows[new], new, encode, with_model=with_model)
                made = zip(block.sequences, block.payloads, strict=True)
                first = dict(zip(new, made, strict=True))
            return {
                position: self._known(
                    rows, position, int(sequences[position]), bool(same_content[position]),
                    leaders, first,
                )
                for position in range(len(rows))
                if position not in first
            }  # fmt: skip

    def report_labels(
        self, rows: NDArray[Any], payload_of: Callable[[int, int, int], bytes]
    ) -> list[int]:
        """Apply and journal labels in order; return their sequences.

        Args:
            rows: LABEL records, shape (n,).
            payload_of: from position, sequence and ingest time to the event's bytes.
        """
        with self._lock:
            self._flush()
            self._ahead = True
            sequences = [int(sequence) for sequence in self._engine.apply_labels(rows)]
            ingest_time_ns = self._wall_time_ns()
            records = [
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
            self._ahead = False
            self._waiting_labels = records
            self._flush()
            return sequences

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
        self, block: NDArray[Any], positions: Sequence[int], encode: Encode, *, with_model: bool
    ) -> JournalBlock:
        # Until its events are made, the state is ahead of anything the journal can get.
        self._ahead = True
        assessment = self._engine.assess(block, with_model=with_model)
        ingest_time_ns = self._wall_time_ns()
        payloads = encode(positions, assessment, ingest_time_ns)
        made = JournalBlock(
            ingest_time_ns,
            assessment.sequences.tolist(),
            block["transaction_key"].astype(np.int64).tolist(),
            block.tobytes(),
            payloads,
            self._recorder.record(assessment) if self._recorder else (),
        )
        self._ahead = False
        self._waiting = made
        self._flush()
        return made

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


def _leaders(rows: NDArray[Any], sequences: NDArray[Any]) -> dict[int, int]:
    """Return the first position of each new id by its key."""
    leaders: dict[int, int] = {}
    keys = rows["transaction_key"].tolist()
    for position, (key, sequence) in enumerate(zip(keys, sequences.tolist(), strict=True)):
        if sequence == 0:
            leaders.setdefault(key, position)
    return leaders
