"""XXH64 over whole columns of strings, equal to the xxhash library's.

Source: Y. Collet, xxHash fast digest algorithm, specification 0.1.1, section XXH64.
"""

import numpy as np
from numba import int64, njit, uint8, uint64, void

_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_P5 = np.uint64(0x27D4EB2F165667C5)


@njit(nogil=True, cache=True)
def _rotate_left(value, bits):
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@njit(nogil=True, cache=True)
def _read(data, position, size):
    word = np.uint64(0)
    for index in range(size):
        word |= np.uint64(data[position + index]) << np.uint64(8 * index)
    return word


@njit(nogil=True, cache=True)
def _round(accumulator, lane):
    return _rotate_left(accumulator + lane * _P2, 31) * _P1


@njit(nogil=True, cache=True)
def _merge(accumulator, lane):
    return (accumulator ^ _round(np.uint64(0), lane)) * _P1 + _P4


@njit(nogil=True, cache=True)
def hash_bytes(data, start, end, seed):
    """Return XXH64 of data[start:end]; `data` is uint8, `seed` uint64. O(end - start)."""
    position = start
    length = end - start
    if length >= 32:
        v1 = seed + _P1 + _P2
        v2 = seed + _P2
        v3 = seed
        v4 = seed - _P1
        while position + 32 <= end:
            v1 = _round(v1, _read(data, position, 8))
            v2 = _round(v2, _read(data, position + 8, 8))
            v3 = _round(v3, _read(data, position + 16, 8))
            v4 = _round(v4, _read(data, position + 24, 8))
            position += 32
        h = _rotate_left(v1, 1) + _rotate_left(v2, 7) + _rotate_left(v3, 12) + _rotate_left(v4, 18)
        h = _merge(_merge(_merge(_merge(h, v1), v2), v3), v4)
    else:
        h = seed + _P5
    h += np.uint64(length)
    while position + 8 <= end:
        h = _rotate_left(h ^ _round(np.uint64(0), _read(data, position, 8)), 27) * _P1 + _P4
        position += 8
    if position + 4 <= end:
        h = _rotate_left(h ^ (_read(data, position, 4) * _P1), 23) * _P2 + _P3
        position += 4
    while position < end:
        h = _rotate_left(h ^ (np.uint64(data[position]) * _P5), 11) * _P1
        position += 1
    h ^= h >> np.uint64(33)
    h *= _P2
    h ^= h >> np.uint64(29)
    h *= _P3
    return h ^ (h >> np.uint64(32))


@njit(
    void(int64[::1], uint8[::1], uint64, uint64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def hash_strings(offsets, data, seed, out):
    """Write the key of each string of a column: XXH64, 1 in place of 0, 0 for an empty string.

    Args:
        offsets: string i is data[offsets[i]:offsets[i + 1]]; shape (n + 1,).
        data: UTF-8 bytes of all strings.
        seed: what the ids name (state/keys.py).
        out: keys, shape (n,), overwritten.
    """
    for row in range(offsets.shape[0] - 1):
        if offsets[row] == offsets[row + 1]:
            out[row] = np.uint64(0)
        else:
            key = hash_bytes(data, offsets[row], offsets[row + 1], seed)
            out[row] = key if key != np.uint64(0) else np.uint64(1)
