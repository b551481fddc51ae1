"""The replay guard's memory: which transaction ids were seen, with which content and sequence.

Two tables take turns. Each takes `guard_limit` ids; then the older one is begun anew by raising
the generation number, which empties it without touching its memory. So at least the last
`guard_limit` ids are always known, and at most twice as many. Tables are at most half full, so a
linear probe ends soon.
"""

import numpy as np
from numba import boolean, int64, njit, types, uint64
from numba.np.numpy_support import from_dtype

from scoring_server.kernels.dtypes import GUARD, HEADER, TRANSACTION
from scoring_server.kernels.locks import store_release
from scoring_server.kernels.records import take_sequence
from scoring_server.kernels.undo import (
    GUARD_LOCK,
    free_common,
    note_guard,
    note_sequence,
    take_common,
)

# What a new state begins with, see State.reset.
_GENERATION_FIRST = np.uint64(2)
_GENERATION_OFFSET = int(GUARD.fields["generation"][1])
_HEADER = types.Array(from_dtype(HEADER), 1, "C")
_GUARD = types.Array(from_dtype(GUARD), 2, "C")
_TRANSACTIONS = types.Array(from_dtype(TRANSACTION), 1, "C")


@njit(nogil=True, cache=True)
def guard_find(header, guard, key):
    """Return (table, slot) of an id's key, or (-1, -1).

    Args:
        header: HEADER record, shape (1,); names the current generation.
        guard: GUARD records, shape (2, capacity), capacity a power of two.
        key: the transaction id's key.
    """
    mask = np.uint64(guard.shape[1] - 1)
    current = header[0]["guard_generation"]
    for back in range(2):
        generation = current - np.uint64(back)
        if generation < _GENERATION_FIRST:
            # Nothing was ever written there; to look would make a page of each hole.
            break
        table = np.int64(generation & np.uint64(1))
        slot = key & mask
        while guard[table, np.int64(slot)]["generation"] == generation:
            if guard[table, np.int64(slot)]["key"] == key:
                return table, np.int64(slot)
            slot = (slot + np.uint64(1)) & mask
    return np.int64(-1), np.int64(-1)


@njit(nogil=True, cache=True)
def guard_insert(header, guard, key, content_key, sequence, workers):
    """Remember an id that guard_find does not know; forgets the oldest generation when full."""
    if header[0]["guard_count"] >= header[0]["guard_limit"]:
        header[0]["guard_generation"] += np.uint64(1)
        header[0]["guard_count"] = np.uint64(0)
    generation = header[0]["guard_generation"]
    table = np.int64(generation & np.uint64(1))
    mask = np.uint64(guard.shape[1] - 1)
    slot = key & mask
    while guard[table, np.int64(slot)]["generation"] == generation:
        slot = (slot + np.uint64(1)) & mask
    place = np.int64(slot)
    guard[table, place]["key"] = key
    guard[table, place]["content_key"] = content_key
    guard[table, place]["sequence"] = sequence
    if workers is None:
        guard[table, place]["generation"] = generation
    else:
        # Last, because others look without a lock.
        position = table * guard.shape[1] + place
        offset = position * guard.itemsize + _GENERATION_OFFSET
        store_release(np.uintp(guard.ctypes.data) + np.uintp(offset), generation)
    header[0]["guard_count"] += np.uint64(1)


@njit(nogil=True, cache=True)
def guard_admit(header, guard, transaction, owner, given, workers, worker):
    """Number and remember an id; return its sequence, 0 when another worker was first.

    The caller holds the locks of the transaction's records. Arguments as in block.assess_block.
    """
    key = transaction["transaction_key"]
    content = transaction["content_key"]
    sequence = np.uint64(0)
    take_common(workers, GUARD_LOCK, owner)
    if guard_find(header, guard, key)[1] < 0:
        note_guard(workers, worker, header, key)
        sequence = take_sequence(header, given)
        note_sequence(workers, worker, sequence)
        guard_insert(header, guard, key, content, sequence, workers)
    free_common(workers, GUARD_LOCK)
    return sequence


@njit(nogil=True, cache=True)
def _are_distinct(transactions, scratch):
    """Return whether all ids differ; `scratch` is int64 with room for twice as many and cleared."""
    size = 2
    while size < 2 * transactions.shape[0]:
        size *= 2
    scratch[:size] = -1
    for row in range(transactions.shape[0]):
        key = transactions[row]["transaction_key"]
        place = np.int64(key & np.uint64(size - 1))
        while scratch[place] >= 0:
            if transactions[scratch[place]]["transaction_key"] == key:
                return False
            place = np.int64((place + 1) & (size - 1))
        scratch[place] = row
    return True


@njit(
    boolean(_HEADER, _GUARD, _TRANSACTIONS, uint64[::1], boolean[::1], int64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def guard_lookup(header, guard, transactions, sequences, same_content, scratch):
    """Return whether all ids are new and differ; tell for each where it was first scored.

    Args:
        header: HEADER record, shape (1,).
        guard: GUARD records, shape (2, capacity).
        transactions: shape (n,); only the two keys are read.
        sequences: of the first time, 0 for a new id; shape (n,), overwritten.
        same_content: whether the content is that of the first time, shape (n,), overwritten.
        scratch: at least four times as long as the block.
    """
    all_new = True
    for row in range(transactions.shape[0]):
        table, slot = guard_find(header, guard, transactions[row]["transaction_key"])
        sequences[row] = np.uint64(0)
        same_content[row] = False
        if slot >= 0:
            entry = guard[table, slot]
            sequences[row] = entry["sequence"]
            same_content[row] = entry["content_key"] == transactions[row]["content_key"]
            all_new = False
    return all_new and (transactions.shape[0] == 1 or _are_distinct(transactions, scratch))
