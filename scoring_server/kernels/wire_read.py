"""Reads protobuf's wire format in the one form that protobuf itself writes.

The canonical form of a message has its fields in ascending order, each once, no field at its
default, every varint in its shortest form and nothing unknown. Anything else is told apart here
and left to the protobuf library, so nothing is ever read differently from it.
"""

import numpy as np
from numba import njit

VARINT, FIXED64, LENGTH_DELIMITED = 0, 1, 2
TEXT_LENGTH_MAX = 64
_VARINT_BITS = 70


@njit(nogil=True, cache=True)
def read_varint(data, position, end):
    """Return (value, next position); the position is -1 unless the varint is whole and shortest.

    Args:
        data: bytes.
        position: where it begins.
        end: where the message ends.
    """
    value = np.uint64(0)
    shift = 0
    while position < end and shift < _VARINT_BITS:
        byte = np.uint64(data[position])
        position += 1
        value |= (byte & np.uint64(0x7F)) << np.uint64(shift)
        if byte < np.uint64(0x80):
            # A last byte of 0 adds nothing, and the tenth has room for one bit.
            if (byte == np.uint64(0) and shift > 0) or (shift == 63 and byte > np.uint64(1)):
                return np.uint64(0), np.int64(-1)
            return value, np.int64(position)
        shift += 7
    return np.uint64(0), np.int64(-1)


@njit(nogil=True, cache=True)
def read_length(data, position, end):
    """Return (start, stop) of what follows a length; start is -1 unless it lies before `end`."""
    length, start = read_varint(data, position, end)
    if start < 0 or length > np.uint64(end - start):
        return np.int64(-1), np.int64(-1)
    return start, start + np.int64(length)


@njit(nogil=True, cache=True)
def is_id(data, start, stop):
    """Return whether bytes are 1 to 64 letters, digits and . _ : - of ASCII."""
    if not 0 < stop - start <= TEXT_LENGTH_MAX:
        return False
    for position in range(start, stop):
        byte = data[position]
        letter = 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 95
        # The digits and the colon are neighbours, and so are the hyphen and the dot.
        if not (letter or 48 <= byte <= 58 or 45 <= byte <= 46):
            return False
    return True


@njit(nogil=True, cache=True)
def is_text(data, start, stop):
    """Return whether bytes are UTF-8 of 1 to 64 characters, none of them a control character."""
    count = 0
    position = np.int64(start)
    while position < stop:
        byte = data[position]
        if byte < 0x20 or byte == 0x7F:
            return False
        size = 1 if byte < 0x80 else _sequence_size(data, position, stop)
        if size == 0:
            return False
        position += size
        count += 1
    return 0 < count <= TEXT_LENGTH_MAX


@njit(nogil=True, cache=True)
def _sequence_size(data, position, stop):
    """Return the length of the UTF-8 sequence that begins with a byte above 0x7F; 0 for none.

    Source: RFC 3629, section 4.
    """
    lead = data[position]
    least, most = 0x80, 0xBF
    if 0xC2 <= lead <= 0xDF:
        size = 2
    elif 0xE0 <= lead <= 0xEF:
        size = 3
        if lead == 0xE0:
            least = 0xA0
        elif lead == 0xED:
            most = 0x9F
    elif 0xF0 <= lead <= 0xF4:
        size = 4
        if lead == 0xF0:
            least = 0x90
        elif lead == 0xF4:
            most = 0x8F
    else:
        return 0
    if position + size > stop or not least <= data[position + 1] <= most:
        return 0
    for place in range(2, size):
        if not 0x80 <= data[position + place] <= 0xBF:
            return 0
    return size


@njit(nogil=True, cache=True)
def capital_letters(data, start, stop):
    """Return capital letters packed base 27 as state/keys.py does; 0 for anything else."""
    packed = np.int64(0)
    for position in range(start, stop):
        if not 65 <= data[position] <= 90:
            return np.uint32(0)
        packed = packed * 27 + (np.int64(data[position]) - 64)
    return np.uint32(packed)


@njit(nogil=True, cache=True)
def are_digits(data, start, stop):
    """Return whether bytes are all decimal digits."""
    for position in range(start, stop):
        if not 48 <= data[position] <= 57:
            return False
    return True


@njit(nogil=True, cache=True)
def is_plain_ip(data, start, stop):
    """Return whether bytes are an IPv4 address, or an IPv6 one of hexadecimal groups alone.

    An IPv6 address that ends as an IPv4 one, or names a zone, is rare and none here.
    """
    for position in range(start, min(stop, start + 5)):
        if data[position] == 58:
            return _is_ipv6(data, start, stop)
    return _is_ipv4(data, start, stop)


@njit(nogil=True, cache=True)
def _is_ipv4(data, start, stop):
    octets, digits, value = 0, 0, np.int64(0)
    for position in range(start, stop + 1):
        if position == stop or data[position] == 46:
            if digits == 0 or value > 255:
                return False
            octets, digits, value = octets + 1, 0, np.int64(0)
            continue
        byte = data[position]
        # A leading zero is refused, as by Python's ipaddress: some read it as octal.
        if not 48 <= byte <= 57 or digits == 3 or (digits > 0 and value == 0):
            return False
        value = value * 10 + (np.int64(byte) - 48)
        digits += 1
    return octets == 4


@njit(nogil=True, cache=True)
def _is_ipv6(data, start, stop):
    groups, digits, gaps = 0, 0, 0
    position = start
    while position < stop:
        byte = data[position]
        if byte == 58:
            doubled = position + 1 < stop and data[position + 1] == 58
            if doubled:
                gaps += 1
                position += 1
            elif digits == 0 or position + 1 == stop:
                # A single colon stands between two groups.
                return False
            digits = 0
        elif 48 <= byte <= 57 or 97 <= byte <= 102 or 65 <= byte <= 70:
            if digits == 0:
                groups += 1
            digits += 1
            if digits > 4:
                return False
        else:
            return False
        position += 1
    return (gaps == 0 and groups == 8) or (gaps == 1 and groups <= 7)
