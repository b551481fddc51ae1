"""Open addressing in a record array: a key's record is one of PROBE_MAX slots from its home.

Every lookup visits the same slots in the same order, so any number of processes can share a
table: a slot is claimed by compare-and-swap on its key. When all slots of a neighbourhood are
taken, the record that was quiet longest gives way; that bounds both memory and time, and depends
on the events alone, so that replaying them gives the same table.
"""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import HEADER
from scoring_server.kernels.locks import (
    acquire,
    compare_and_swap,
    fetch_add,
    release,
    zero_memory,
)
from scoring_server.kernels.undo import (
    EVICTION_LOCK,
    EVICTION_PLACE,
    begin_change,
    end_change,
    free_common,
    keep_image,
    note_lock,
    take_common,
)

# Chosen by us: at half load the longest run of a linear probe rarely passes 32.
PROBE_MAX = 32
KEY_OFFSET = 0
LOCK_OFFSET = 8
# What follows key and lock, and is cleared when another entity takes the record over.
BODY_OFFSET = 16
OCCUPIED_OFFSET = int(HEADER.fields["occupied_count"][1])
EVICTION_OFFSET = int(HEADER.fields["eviction_count"][1])


@njit(nogil=True, cache=True)
def find(records, key):
    """Return the slot of `key`, or -1. Capacity is a power of two; O(PROBE_MAX)."""
    mask = np.uint64(records.shape[0] - 1)
    for step in range(PROBE_MAX):
        slot = np.int64((key + np.uint64(step)) & mask)
        found = records[slot]["key"]
        if found == key:
            return slot
        if found == np.uint64(0):
            return np.int64(-1)
    return np.int64(-1)


@njit(nogil=True, cache=True)
def address_of_record(records, slot, offset):
    """Return the address of a place in a record."""
    return np.uintp(records.ctypes.data) + np.uintp(slot * records.itemsize + offset)


@njit(nogil=True, cache=True)
def lock(records, slot, owner):
    """Take the record's lock for `owner`, a word that names a process."""
    acquire(address_of_record(records, slot, LOCK_OFFSET), owner)


@njit(nogil=True, cache=True)
def unlock(records, slot):
    """Free the record's lock."""
    release(address_of_record(records, slot, LOCK_OFFSET))


@njit(nogil=True, cache=True)
def _count(header, field_offset, table_index):
    address = np.uintp(header.ctypes.data) + np.uintp(field_offset + 8 * table_index)
    fetch_add(address, np.uint64(1))


@njit(nogil=True, cache=True)
def _evict(records, slot, victim, key, header, table_index, owner, workers, worker):
    """Give a slot to another key; return whether it still held the victim's."""
    note_lock(workers, worker, EVICTION_PLACE, table_index, slot)
    lock(records, slot, owner)
    taken = records[slot]["key"] == victim
    if taken:
        begin_change(workers, worker)
        keep_image(workers, worker, 0, table_index, records, slot)
        size = records.itemsize - BODY_OFFSET
        zero_memory(address_of_record(records, slot, BODY_OFFSET), size)
        records[slot]["key"] = key
        _count(header, EVICTION_OFFSET, table_index)
        end_change(workers, worker)
    unlock(records, slot)
    return taken


@njit(nogil=True, cache=True)
def find_or_claim(records, key, owner, header, table_index, workers, worker):
    """Return a slot that holds `key`, claiming an empty or the quietest one when it has none.

    The slot is not locked on return: the caller locks all slots of an event in order and then
    checks that each still holds its key. A new record is zero but for its key. O(PROBE_MAX).

    Args:
        records: table, capacity a power of two.
        key: not 0.
        owner: word that names the process, for the lock of a record that is taken over.
        header: the state's HEADER record, shape (1,); counts claims and evictions.
        table_index: place of the table in those counts.
        workers: address of the WORKER records; None when no other process shares the table.
        worker: index of this process among them.
    """
    mask = np.uint64(records.shape[0] - 1)
    while True:
        quietest = np.int64(-1)
        for step in range(PROBE_MAX):
            slot = np.int64((key + np.uint64(step)) & mask)
            found = records[slot]["key"]
            if found == np.uint64(0):
                address = address_of_record(records, slot, KEY_OFFSET)
                found = compare_and_swap(address, np.uint64(0), key)
                if found == np.uint64(0):
                    _count(header, OCCUPIED_OFFSET, table_index)
                    return slot
            if found == key:
                return slot
            if quietest < 0 or records[slot]["sequence"] < records[quietest]["sequence"]:
                quietest = slot
        victim = records[quietest]["key"]
        if workers is None:
            # In place, because a larger function is not inlined, which costs 0.5 us a transaction.
            lock(records, quietest, owner)
            taken = records[quietest]["key"] == victim
            if taken:
                size = records.itemsize - BODY_OFFSET
                zero_memory(address_of_record(records, quietest, BODY_OFFSET), size)
                records[quietest]["key"] = key
                _count(header, EVICTION_OFFSET, table_index)
            unlock(records, quietest)
        else:
            take_common(workers, EVICTION_LOCK, owner)
            # Another worker may have made room for the same key meanwhile, in another slot.
            taken = find(records, key) < 0 and _evict(
                records, quietest, victim, key, header, table_index, owner, workers, worker
            )
            free_common(workers, EVICTION_LOCK)
        if taken:
            return quietest
