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
    """Take the record's lock for `owner`, a process id."""
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
def find_or_claim(records, key, owner, header, table_index):
    """Return a slot that holds `key`, claiming an empty or the quietest one when it has none.

    The slot is not locked on return: the caller locks all slots of an event in order and then
    checks that each still holds its key. A new record is zero but for its key. O(PROBE_MAX).

    Args:
        records: table, capacity a power of two.
        key: not 0.
        owner: process id, for the lock of a record that is taken over.
        header: the state's HEADER record, shape (1,); counts claims and evictions.
        table_index: place of the table in those counts.
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
        lock(records, quietest, owner)
        taken = records[quietest]["key"] == victim
        if taken:
            size = records.itemsize - BODY_OFFSET
            zero_memory(address_of_record(records, quietest, BODY_OFFSET), size)
            records[quietest]["key"] = key
            _count(header, EVICTION_OFFSET, table_index)
        unlock(records, quietest)
        if taken:
            return quietest
