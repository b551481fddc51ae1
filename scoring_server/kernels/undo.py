"""What a worker notes in shared memory so that its death in the middle of a change harms nobody.

Before it takes a lock it notes which; before it changes a record it keeps a copy. When it dies,
scoring_server/state/dead_worker.py puts the copies back and frees the locks, so an event has
happened to all of its records or to none. The kernels take the notes by their address, because an
array costs a count of references in every call; None stands for a state that one process has to
itself. Numba compiles that apart, without any of this, so it costs such a process nothing.
"""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import ENTITY, MARKET, PEER
from scoring_server.kernels.locks import acquire, release, store_release
from scoring_server.kernels.memory import copy_memory

# What a worker notes for the case of its death; not part of the state's layout, as it is begun
# anew with the workers. Whole cache lines, so that workers do not disturb each other.
WORKER = np.dtype(
    [
        # The word that its locks hold; 0 before the worker has begun.
        ("owner", "u8"),
        # 1 from the first to the last write of a change.
        ("changing", "u8"),
        ("image_count", "u8"),
        # The id that the change has told the guard, and the guard's counters before; 0 for none.
        ("guard_key", "u8"),
        ("guard_generation", "u8"),
        ("guard_count", "u8"),
        # All its events that no journal holds yet have this sequence or a later one; 0 for none.
        ("pending_from", "u8"),
        # The row of its block that it is at, and the sequence that row got; 0 before it got one.
        ("row", "u8"),
        ("sequence", "u8"),
        ("reserved_1", "u8", (7,)),
        # Records whose locks it may hold, by place.
        ("lock_table", "i8", (8,)),
        ("lock_slot", "i8", (8,)),
        # What all share; those of the first worker's record are the ones that count.
        ("guard_lock", "u8"),
        ("reserved_2", "u8", (7,)),
        ("eviction_lock", "u8"),
        # Who takes labels in now: the worker's index and one; 0 for nobody.
        ("labels_holder", "u8"),
        # Up to here every event is in a journal; raised by whoever looks.
        ("settled", "u8"),
        ("reserved_3", "u8", (5,)),
        # Records as they were before the change.
        ("image_table", "i8", (4,)),
        ("image_slot", "i8", (4,)),
        ("image", "u1", (4, max(each.itemsize for each in (ENTITY, PEER, MARKET)))),
    ],
    align=True,
)

# Place of the lock that find_or_claim takes; a record's place else is its table's, the second
# merchant's one after the last table.
EVICTION_PLACE = 7
SECOND_MERCHANT_PLACE = 6
_SIZE = WORKER.itemsize
_OFFSETS = {name: int((WORKER.fields or {})[name][1]) for name in WORKER.names or ()}
_CHANGING = _OFFSETS["changing"]
_IMAGE_COUNT = _OFFSETS["image_count"]
_IMAGE_TABLE = _OFFSETS["image_table"]
_IMAGE_SLOT = _OFFSETS["image_slot"]
_IMAGES = _OFFSETS["image"]
_IMAGE_SIZE = WORKER["image"].shape[1]
_LOCK_TABLE = _OFFSETS["lock_table"]
_LOCK_SLOT = _OFFSETS["lock_slot"]
_GUARD_KEY = _OFFSETS["guard_key"]
_GUARD_GENERATION = _OFFSETS["guard_generation"]
_GUARD_COUNT = _OFFSETS["guard_count"]
_ROW = _OFFSETS["row"]
_SEQUENCE = _OFFSETS["sequence"]
SETTLED = _OFFSETS["settled"]
GUARD_LOCK = _OFFSETS["guard_lock"]
EVICTION_LOCK = _OFFSETS["eviction_lock"]


@njit(nogil=True, cache=True)
def address_of_workers(workers):
    """Return the address of WORKER records, shape (n,)."""
    return np.uintp(workers.ctypes.data)


@njit(nogil=True, cache=True)
def _note(workers, worker, offset, value):
    # With release, so that what is noted is there before what it is noted for.
    store_release(workers + np.uintp(worker * _SIZE + offset), np.uint64(value))


@njit(nogil=True, cache=True)
def take_common(workers, lock_offset, owner):
    """Take a lock that all workers share; it lies in the notes of the first."""
    if workers is not None:
        acquire(workers + np.uintp(lock_offset), owner)


@njit(nogil=True, cache=True)
def free_common(workers, lock_offset):
    """Free a lock that take_common took."""
    if workers is not None:
        release(workers + np.uintp(lock_offset))


@njit(nogil=True, cache=True)
def note_lock(workers, worker, place, table, slot):
    """Note the record whose lock is taken next; a slot below 0 is none."""
    if workers is not None and slot >= 0:
        _note(workers, worker, _LOCK_TABLE + 8 * place, table)
        _note(workers, worker, _LOCK_SLOT + 8 * place, slot)


@njit(nogil=True, cache=True)
def begin_change(workers, worker):
    """Begin a change that must happen as a whole; the caller holds the locks of all its records."""
    if workers is not None:
        _note(workers, worker, _IMAGE_COUNT, 0)
        _note(workers, worker, _GUARD_KEY, 0)
        _note(workers, worker, _CHANGING, 1)


@njit(nogil=True, cache=True)
def note_guard(workers, worker, header, key):
    """Note an id that the guard is told next, and the guard's counters."""
    _note(workers, worker, _GUARD_GENERATION, header[0]["guard_generation"])
    _note(workers, worker, _GUARD_COUNT, header[0]["guard_count"])
    _note(workers, worker, _GUARD_KEY, key)


@njit(nogil=True, cache=True)
def note_row(workers, worker, row):
    """Note the row of the block that comes next; the sequences of those before are written."""
    if workers is not None:
        # In this order: a row with no sequence yet is never taken for one that has got its own.
        _note(workers, worker, _SEQUENCE, 0)
        _note(workers, worker, _ROW, row)


@njit(nogil=True, cache=True)
def note_sequence(workers, worker, sequence):
    """Note the sequence that the row has got, within its change."""
    if workers is not None:
        _note(workers, worker, _SEQUENCE, sequence)


@njit(nogil=True, cache=True)
def keep_image(workers, worker, place, table, records, slot):
    """Copy a record that is changed next, the `place`th of the change."""
    _note(workers, worker, _IMAGE_TABLE + 8 * place, table)
    _note(workers, worker, _IMAGE_SLOT + 8 * place, slot)
    copy_memory(
        workers + np.uintp(worker * _SIZE + _IMAGES + place * _IMAGE_SIZE),
        np.uintp(records.ctypes.data) + np.uintp(slot * records.itemsize),
        records.itemsize,
    )
    _note(workers, worker, _IMAGE_COUNT, place + 1)


@njit(nogil=True, cache=True)
def end_change(workers, worker):
    """Let the change stand. The locks are freed after this."""
    if workers is not None:
        _note(workers, worker, _CHANGING, 0)
