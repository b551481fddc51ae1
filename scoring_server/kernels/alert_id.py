"""The id of an alert from its transaction's id: BLAKE2b of 80 bits in base32.

Source: RFC 7693 for BLAKE2b with an input of one block, RFC 4648 for base32.
"""

import numpy as np
from numba import njit

ALERT_ID_BYTES = 10
_ROUNDS = 12
_IV = np.array(
    [
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    ],
    np.uint64,
)
_SIGMA = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ],
    np.int64,
)


@njit(nogil=True, cache=True)
def _rotate_right(value, bits):
    return (value >> np.uint64(bits)) | (value << np.uint64(64 - bits))


@njit(nogil=True, cache=True)
def _mix(v, a, b, c, d, x, y):
    v[a] = v[a] + v[b] + x
    v[d] = _rotate_right(v[d] ^ v[a], 32)
    v[c] = v[c] + v[d]
    v[b] = _rotate_right(v[b] ^ v[c], 24)
    v[a] = v[a] + v[b] + y
    v[d] = _rotate_right(v[d] ^ v[a], 16)
    v[c] = v[c] + v[d]
    v[b] = _rotate_right(v[b] ^ v[c], 63)


@njit(nogil=True, cache=True)
def write_alert_id(out, position, data, start, stop, words):
    """Write the 16 letters and digits that name an alert, after its prefix.

    Args:
        out: uint8 array with room.
        position: where to begin.
        data: bytes; the transaction id is data[start:stop].
        start: see data.
        stop: at most 64 behind start.
        words: uint64 scratch, shape (32,).

    Returns:
        The next position.
    """
    v, m = words[:16], words[16:32]
    for index in range(16):
        m[index] = np.uint64(0)
    for index in range(stop - start):
        m[index >> 3] |= np.uint64(data[start + index]) << np.uint64(8 * (index & 7))
    # The parameter block: digest length, no key, one leaf.
    first = _IV[0] ^ np.uint64(0x01010000 | ALERT_ID_BYTES)
    for index in range(8):
        v[index] = _IV[index]
        v[index + 8] = _IV[index]
    v[0] = first
    v[12] ^= np.uint64(stop - start)
    v[14] = ~v[14]
    for turn in range(_ROUNDS):
        s = _SIGMA[turn % 10]
        _mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]])
        _mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]])
        _mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]])
        _mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]])
        _mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]])
        _mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]])
        _mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]])
        _mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]])
    low = first ^ v[0] ^ v[8]
    high = _IV[1] ^ v[1] ^ v[9]
    # Five bits a letter, from the first byte's highest bit on.
    bits = np.uint64(0)
    held = 0
    for index in range(ALERT_ID_BYTES):
        word = low if index < 8 else high
        byte = (word >> np.uint64(8 * (index & 7))) & np.uint64(0xFF)
        bits = (bits << np.uint64(8)) | byte
        held += 8
        while held >= 5:
            held -= 5
            letter = np.int64((bits >> np.uint64(held)) & np.uint64(31))
            out[position] = np.uint8(97 + letter if letter < 26 else 24 + letter)
            position += 1
    return np.int64(position)
