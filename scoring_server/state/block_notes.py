"""What a worker notes of the block it is at, so that whoever comes after it can finish the block.

The state learns a block before the journal gets its events. When the worker dies in between, what
the state has learnt would have no event. These notes lie in a mapped file, so they outlive the
process; a power cut ends the state with them, and it is rebuilt from the journals then.
"""

import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring_server.errors import ResourceExhaustedError
from scoring_server.kernels.dtypes import FEATURES, LABEL, TRANSACTION
from scoring_server.state.sparse_files import reserve

# Most rows of one block, which is what a request may hold at most.
BLOCK_SIZE_MAX = 4_096
_HEAD = np.dtype([("count", "i8"), ("are_labels", "i8"), ("data_size", "i8")])
_DATA_SIZE_BYTES = 1 << 20
_RETRY_AFTER_FULL_S = 5.0


class BlockNotes:
    """The notes of one worker. One thread at a time.

    Args:
        path: of their file; made, with its space reserved, when it is not there.

    Attributes:
        records: FEATURES records, (BLOCK_SIZE_MAX,), for the kernel to write to.
        sequences: uint64, (BLOCK_SIZE_MAX,), likewise.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records: NDArray[Any] = np.zeros(0, FEATURES)
        self.sequences: NDArray[np.uint64] = np.zeros(0, np.uint64)
        path.touch()
        self._map(max(path.stat().st_size - _fixed_size(), _DATA_SIZE_BYTES))

    def write(self, rows: NDArray[Any], data: bytes, spans: NDArray[np.int64]) -> None:
        """Note a block that begins; its sequences are 0 then.

        Args:
            rows: TRANSACTION or LABEL records, (n,), n at most BLOCK_SIZE_MAX.
            data: bytes that the messages of the rows lie in.
            spans: where each lies, (n, 2).

        Raises:
            ResourceExhaustedError: the disk has no room for that much data.
        """
        n = len(rows)
        if len(data) > len(self._data):
            self._grow(len(data))
        self._head[0]["count"] = 0
        if rows.dtype == LABEL:
            self._labels[:n] = rows
        else:
            self._rows[:n] = rows
        self._spans[:n] = spans
        self._data[: len(data)] = np.frombuffer(data, np.uint8)
        self.sequences[:n] = 0
        self._head[0] = (n, rows.dtype == LABEL, len(data))

    def rows(self) -> NDArray[Any]:
        """Return the TRANSACTION or LABEL records of the block."""
        head = self._head[0]
        source = self._labels if head["are_labels"] else self._rows
        return source[: int(head["count"])].copy()

    def contents(self) -> Sequence[bytes]:
        """Return the message of each row."""
        spans = self._spans[: int(self._head[0]["count"])].tolist()
        return [self._data[start:stop].tobytes() for start, stop in spans]

    def _grow(self, size_bytes: int) -> None:
        try:
            self._map(1 << (size_bytes - 1).bit_length())
        except OSError as error:
            raise ResourceExhaustedError(
                "the disk of the state is full; nothing was scored",
                reason="STATE_SPACE",
                retry_after_s=_RETRY_AFTER_FULL_S,
            ) from error

    def _map(self, data_size_bytes: int) -> None:
        total = _fixed_size() + data_size_bytes
        reserve(self._path.parent, {self._path: total})
        with self._path.open("r+b") as file:
            mapped = mmap.mmap(file.fileno(), os.fstat(file.fileno()).st_size)
        views = []
        offset = 0
        for dtype, shape in _PARTS:
            views.append(np.ndarray(shape, dtype, mapped, offset))
            offset += _size(dtype, shape)
        self._head, self._rows, self.records, self.sequences, self._spans = views
        # A block is of one kind, so both share the space.
        rows_at = _HEAD.itemsize
        self._labels: NDArray[Any] = np.ndarray((BLOCK_SIZE_MAX,), LABEL, mapped, rows_at)
        self._data: NDArray[np.uint8] = np.ndarray((data_size_bytes,), np.uint8, mapped, offset)


_PARTS: tuple[tuple[np.dtype[Any], tuple[int, ...]], ...] = (
    (_HEAD, (1,)),
    (TRANSACTION, (BLOCK_SIZE_MAX,)),
    (FEATURES, (BLOCK_SIZE_MAX,)),
    (np.dtype(np.uint64), (BLOCK_SIZE_MAX,)),
    (np.dtype(np.int64), (BLOCK_SIZE_MAX, 2)),
)


def _size(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    return dtype.itemsize * int(np.prod(shape))


def _fixed_size() -> int:
    return sum(_size(*part) for part in _PARTS)
