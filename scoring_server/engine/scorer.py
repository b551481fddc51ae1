"""What Score promises, for a block: known ids answered again, the rest assessed and journaled.

The order of things makes the promise: the engine changes the state and takes the sequence, the
journal keeps the event, and only then does the caller get an outcome. When the journal cannot take
the events (a full disk), they wait here and nothing new is assessed until it can, because the
state has learnt them already; a caller that tries again then gets the answer of the first time.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.engine import Assessment, Engine
from scoring_server.errors import InternalError, UnavailableError
from scoring_server.journal.journal import KIND_LABEL, KIND_TRANSACTION, Journal, JournalRecord
from scoring_server.kernels.dtypes import TRANSACTION

Status = Literal["NEW", "REPLAYED", "CONFLICT"]
# position in the block, assessment, row of the assessment, sequence, ingest time -> event bytes
Encode = Callable[[int, Assessment, int, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one transaction of a block.

    Attributes:
        status: NEW, REPLAYED (the same id and content before) or CONFLICT (the same id, other
            content).
        sequence: of the event that holds the first answer.
        payload: that event's bytes.
    """

    status: Status
    sequence: int
    payload: bytes


class Scorer:
    """Scores blocks and takes labels in, one at a time; threads may share it."""

    def __init__(self, engine: Engine, journal: Journal, wall_time_ns: Callable[[], int]) -> None:
        """Bind engine and journal; both must agree on the last sequence (see recovery.py)."""
        self._engine = engine
        self._journal = journal
        self._wall_time_ns = wall_time_ns
        self._lock = threading.Lock()
        self._waiting: list[JournalRecord] = []
        self._ahead = False

    @property
    def engine(self) -> Engine:
        """The engine that the scorer serialises."""
        return self._engine

    def score(
        self, rows: NDArray[Any], encode: Encode, *, with_model: bool = True
    ) -> list[Outcome]:
        """Score a block in order; return one outcome a row, all journaled.

        Args:
            rows: TRANSACTION records, shape (n,), checked at the edge.
            encode: makes the event of a new transaction; called once for each.
            with_model: False leaves the model out.

        Raises:
            ResourceExhaustedError: the journal's disk is full. What was new is answered when the
                call is tried again after space has come back.
            UnavailableError: an earlier event could not be made, which is our mistake; nothing is
                scored before a restart has rebuilt the state.
        """
        with self._lock:
            self._flush()
            sequences, same_content = self._engine.lookup(rows)
            new, leaders = _split(rows, sequences)
            outcomes: list[Outcome | None] = [None] * len(rows)
            if len(new):
                # A whole block of new ids, the usual case, needs no copy.
                block = rows if len(new) == len(rows) else rows[new]
                # Until its events are made, the state is ahead of anything the journal can get.
                self._ahead = True
                assessment = self._engine.assess(block, with_model=with_model)
                records = self._records(block, new, assessment, encode)
                self._ahead = False
                self._append(records)
                for position, record in zip(new, records, strict=True):
                    outcomes[position] = Outcome("NEW", record.sequence, record.payload)
            for position in range(len(rows)):
                if outcomes[position] is None:
                    outcomes[position] = self._known(
                        rows, position, int(sequences[position]), bool(same_content[position]),
                        leaders, outcomes,
                    )  # fmt: skip
            return [outcome for outcome in outcomes if outcome is not None]

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
            self._append(records)
            return sequences

    def find_transaction(self, transaction_key: int) -> JournalRecord | None:
        """Return the record of a scored transaction: by the replay guard, else by the journal."""
        row = np.zeros(1, TRANSACTION)
        row["transaction_key"] = transaction_key
        with self._lock:
            sequence = int(self._engine.lookup(row)[0][0])
        if sequence:
            record = self._journal.get(sequence)
            if record is not None:
                return record
        return self._journal.find(transaction_key)

    def _records(
        self, block: NDArray[Any], positions: list[int], assessment: Assessment, encode: Encode
    ) -> list[JournalRecord]:
        ingest_time_ns = self._wall_time_ns()
        records = []
        for row, position in enumerate(positions):
            sequence = int(assessment.sequences[row])
            payload = encode(position, assessment, row, sequence, ingest_time_ns)
            key = int(block[row]["transaction_key"])
            records.append(
                JournalRecord(
                    sequence, ingest_time_ns, KIND_TRANSACTION, key, block[row].tobytes(), payload
                )
            )
        return records

    def _known(
        self,
        rows: NDArray[Any],
        position: int,
        sequence: int,
        same_content: bool,
        leaders: dict[int, int],
        outcomes: list[Outcome | None],
    ) -> Outcome:
        leader = leaders.get(int(rows[position]["transaction_key"]))
        if sequence == 0 and leader is not None:
            # First seen earlier in this very block.
            first = outcomes[leader]
            assert first is not None
            same_content = bool(rows[position]["content_key"] == rows[leader]["content_key"])
            return Outcome(
                "REPLAYED" if same_content else "CONFLICT", first.sequence, first.payload
            )
        record = self._journal.get(sequence)
        if record is None:
            raise InternalError(f"the journal has no event {sequence} that the state knows")
        return Outcome("REPLAYED" if same_content else "CONFLICT", sequence, record.payload)

    def _append(self, records: list[JournalRecord]) -> None:
        self._waiting = records
        self._flush()

    def _flush(self) -> None:
        if self._ahead:
            raise UnavailableError(
                "the state holds an event that could not be recorded; a restart rebuilds it",
                reason="STATE_AHEAD",
            )
        if self._waiting:
            self._journal.append(self._waiting)
            self._waiting = []


def _split(rows: NDArray[Any], sequences: NDArray[Any]) -> tuple[list[int], dict[int, int]]:
    """Return the positions of new ids, and for each new id's key its first position."""
    if len(rows) == 1:
        return ([0], {}) if sequences[0] == 0 else ([], {})
    leaders: dict[int, int] = {}
    keys = rows["transaction_key"].tolist()
    for position, (key, sequence) in enumerate(zip(keys, sequences.tolist(), strict=True)):
        if sequence == 0:
            leaders.setdefault(key, position)
    return list(leaders.values()), leaders
