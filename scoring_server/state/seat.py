"""A worker's place among those that share a state: what it is at, told to the others and its heir.

A block is noted, taken in by the state, journaled, and then settled. Until it is settled nobody
reads events from its first number on, so a subscriber never passes over one that comes late.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring_server.kernels.dtypes import HEADER
from scoring_server.kernels.settled import settled_sequence
from scoring_server.kernels.undo import WORKER
from scoring_server.state.block_notes import BlockNotes
from scoring_server.state.shared_table import HEADER_FILE, WORKERS_FILE, State


class Unfinished(NamedTuple):
    """The rows of a dead worker's block that the state has learnt.

    Attributes:
        rows: TRANSACTION or LABEL records, (n,).
        records: FEATURES records, (n,); meaningless for labels.
        sequences: uint64, (n,), ascending.
        contents: the message of each row.
    """

    rows: NDArray[Any]
    records: NDArray[Any]
    sequences: NDArray[np.uint64]
    contents: Sequence[bytes]


class Seat:
    """One worker's place. To be taken before an engine is bound to the place.

    Args:
        state: shared.
        worker: index of the place.

    Raises:
        OSError: the notes cannot be made.
    """

    def __init__(self, state: State, worker: int) -> None:
        assert state.directory is not None
        self._state = state
        self._worker = worker
        self._own = state.workers[worker : worker + 1]
        self.notes = BlockNotes(state.directory / f"worker-{worker}.block")

    def unfinished(self) -> Unfinished | None:
        """Return what the one before left in the state without a journal; None when nothing.

        To be called once its change is undone, see release_dead.
        """
        own = self._own[0]
        if not own["pending_from"]:
            return None
        rows = self.notes.rows()
        sequences = self.notes.sequences[: len(rows)].copy()
        row = int(own["row"])
        # It may have died between the end of a change and writing down its number.
        if row < len(rows) and not sequences[row]:
            sequences[row] = own["sequence"]
        done = np.flatnonzero(sequences)
        contents = self.notes.contents()
        return Unfinished(
            rows[done],
            self.notes.records[done].copy(),
            sequences[done],
            [contents[place] for place in done.tolist()],
        )

    def begin(self, rows: NDArray[Any], data: bytes, spans: NDArray[np.int64]) -> None:
        """Note a block before the state learns any of it; see BlockNotes.write."""
        self.notes.write(rows, data, spans)
        self._own["row"] = 0
        self._own["sequence"] = 0
        self._own["pending_from"] = self._state.header["sequence"] + np.uint64(1)

    def settle(self) -> None:
        """Note that all events of the block are in the journal."""
        self._own["pending_from"] = 0

    def settled(self) -> int:
        """Return a sequence up to which every worker's events are in a journal."""
        return int(settled_sequence(self._state.tables[0], self._state.workers))


def settled_of(directory: Path) -> int | None:
    """Return a sequence up to which every event is in a journal; None when all that is there is.

    Args:
        directory: of the state's files, which may be in use.
    """
    try:
        # Read before the notes, see settled_sequence.
        header = np.frombuffer((directory / HEADER_FILE).read_bytes(), HEADER)
        workers = np.frombuffer((directory / WORKERS_FILE).read_bytes(), WORKER)
    except (OSError, ValueError):
        return None
    pending = workers["pending_from"]
    firsts: list[int] = [
        int(header[0]["sequence"]),
        *(pending[pending != 0] - np.uint64(1)).tolist(),
    ]
    return max(min(firsts), int(workers[0]["settled"]))
