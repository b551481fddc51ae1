"""Steps that payments, trades and labels share: sequence numbers and records that may be absent."""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import HEADER
from scoring_server.kernels.locks import fetch_add
from scoring_server.kernels.table import find_or_claim, lock, unlock

# Places of the tables in the header's counts.
ACCOUNTS, MERCHANTS, DEVICES, PEERS, INSTRUMENTS, MARKETS = range(6)
SEQUENCE_OFFSET = int(HEADER.fields["sequence"][1])
NONE = np.int64(-1)


@njit(nogil=True, cache=True)
def take_sequence(header, given):
    """Return the next sequence number, or raise the counter to a `given` one when replaying."""
    if given != np.uint64(0):
        header[0]["sequence"] = max(header[0]["sequence"], given)
        return given
    address = np.uintp(header.ctypes.data) + np.uintp(SEQUENCE_OFFSET)
    return fetch_add(address, np.uint64(1)) + np.uint64(1)


@njit(nogil=True, cache=True)
def optional_slot(records, key, owner, header, table, workers, worker):
    """Return the slot of a key as find_or_claim does, NONE for key 0."""
    if key == np.uint64(0):
        return NONE
    return find_or_claim(records, key, owner, header, table, workers, worker)


@njit(nogil=True, cache=True)
def lock_optional(records, slot, owner):
    """Take the lock of a slot that may be NONE."""
    if slot >= 0:
        lock(records, slot, owner)


@njit(nogil=True, cache=True)
def unlock_optional(records, slot):
    """Free the lock of a slot that may be NONE."""
    if slot >= 0:
        unlock(records, slot)


@njit(nogil=True, cache=True)
def holds(records, slot, key):
    """Return whether a slot still holds its key; a slot that is NONE always does."""
    return slot < 0 or records[slot]["key"] == key
