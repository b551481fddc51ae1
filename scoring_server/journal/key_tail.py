"""The keys of a segment that has no index yet, in memory: 16 bytes an event, searched linearly."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class KeyTail:
    """Keys of an unsealed segment by ascending sequence. One thread adds, any looks up."""

    def __init__(self) -> None:
        self._rows: NDArray[np.int64] = np.empty((1_024, 2), np.int64)
        self._count = 0

    def add(self, sequences: Sequence[int], keys: Sequence[int]) -> None:
        """Add the keys of ascending sequences."""
        end = self._count + len(keys)
        if end > len(self._rows):
            grown = np.empty((max(end, 2 * len(self._rows)), 2), np.int64)
            grown[: self._count] = self._rows[: self._count]
            self._rows = grown
        self._rows[self._count : end, 0] = sequences
        self._rows[self._count : end, 1] = keys
        # Last, so that a reader never sees a row that is not written.
        self._count = end

    def newest(self, key: int) -> int:
        """Return the newest sequence of a key; 0 when there is none."""
        count = self._count
        rows = self._rows
        hits = np.flatnonzero(rows[:count, 1] == key)
        return int(rows[hits[-1], 0]) if hits.size else 0
