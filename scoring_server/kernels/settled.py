"""How far the events of all workers are in their journals."""

import numpy as np
from numba import njit, types, uint64
from numba.np.numpy_support import from_dtype

from scoring_server.kernels.dtypes import HEADER
from scoring_server.kernels.locks import compare_and_swap, fetch_add
from scoring_server.kernels.records import SEQUENCE_OFFSET
from scoring_server.kernels.undo import SETTLED, WORKER

_HEADER = types.Array(from_dtype(HEADER), 1, "C")
_WORKERS = types.Array(from_dtype(WORKER), 1, "C")


@njit(nogil=True, cache=True)
def _raised(address, value):
    """Raise the word at `address` to `value`, unless it is more already; return what it is then."""
    known = fetch_add(address, np.uint64(0))
    while known < value:
        before = compare_and_swap(address, known, value)
        if before == known:
            return value
        known = before
    return known


@njit(uint64(_HEADER, _WORKERS), nogil=True, cache=True)
def settled_sequence(header, workers):
    """Return a sequence up to which every event is in a journal; it never becomes less.

    A worker notes before a block that whatever it numbers comes after the newest number. So the
    newest number is read first, and the notes after it. What others have found meanwhile stands,
    also when a worker has noted an earlier number since.

    Args:
        header: HEADER record, shape (1,).
        workers: WORKER records, shape (n,).
    """
    newest_at = np.uintp(header.ctypes.data) + np.uintp(SEQUENCE_OFFSET)
    # Adding nothing reads it in order with what follows.
    found = fetch_add(newest_at, np.uint64(0))
    for worker in range(workers.shape[0]):
        pending_from = workers[worker]["pending_from"]
        if pending_from != np.uint64(0):
            found = min(found, pending_from - np.uint64(1))
    return _raised(np.uintp(workers.ctypes.data) + np.uintp(SETTLED), found)


@njit(uint64(_HEADER, uint64), nogil=True, cache=True)
def raise_sequence(header, sequence):
    """Let the next number come after `sequence`, unless it does so already; return the newest."""
    return _raised(np.uintp(header.ctypes.data) + np.uintp(SEQUENCE_OFFSET), sequence)
