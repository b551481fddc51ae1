"""Writes protobuf's wire format into a byte array, as protobuf itself would.

Each function returns the next position. The caller sees to it that there is room.
"""

import numpy as np
from numba import njit

from scoring_server.kernels.memory import address_of, copy_memory, float_bits, store_float


@njit(nogil=True, cache=True)
def write_varint(out, position, value):
    """Write a number, uint64."""
    while value >= np.uint64(0x80):
        out[position] = np.uint8(value & np.uint64(0x7F) | np.uint64(0x80))
        value >>= np.uint64(7)
        position += 1
    out[position] = np.uint8(value)
    return np.int64(position + 1)


@njit(nogil=True, cache=True)
def varint_size(value):
    """Return how many bytes a number takes, uint64."""
    size = 1
    while value >= np.uint64(0x80):
        value >>= np.uint64(7)
        size += 1
    return np.int64(size)


@njit(nogil=True, cache=True)
def write_number(out, position, tag, value):
    """Write a varint field with a tag of one byte; nothing for 0, the default."""
    if value == np.uint64(0):
        return np.int64(position)
    out[position] = np.uint8(tag)
    return write_varint(out, position + 1, value)


@njit(nogil=True, cache=True)
def write_double(out, position, tag, value):
    """Write a double field with a tag of one byte; nothing for 0.0, the default."""
    if float_bits(value) == np.uint64(0):
        return np.int64(position)
    return write_present_double(out, position, tag, value)


@njit(nogil=True, cache=True)
def write_present_double(out, position, tag, value):
    """Write a double field that is told even when it is 0.0."""
    out[position] = np.uint8(tag)
    store_float(address_of(out, position + 1), value)
    return np.int64(position + 9)


@njit(nogil=True, cache=True)
def write_bytes(out, position, data, start, stop):
    """Copy data[start:stop]."""
    copy_memory(address_of(out, position), address_of(data, start), np.int64(stop - start))
    return np.int64(position + stop - start)


@njit(nogil=True, cache=True)
def open_field(position):
    """Return where the content of a length-delimited field begins whose tag is at `position`."""
    return np.int64(position + 2)


@njit(nogil=True, cache=True)
def close_field(out, position, tag, end):
    """Put tag and length before the content that was written from open_field(position) to `end`.

    Content that is longer than a length of one byte can say moves up.
    """
    start = position + 2
    length = np.uint64(end - start)
    shift = varint_size(length) - 1
    if shift > 0:
        target = address_of(out, start + shift)
        copy_memory(target, address_of(out, start), np.int64(end - start))
    out[position] = np.uint8(tag)
    write_varint(out, position + 1, length)
    return np.int64(end + shift)
