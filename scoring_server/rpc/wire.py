"""Puts messages together from parts that are serialised already, instead of parsing them again."""

_VARINT_MORE = 0x80
_LENGTH_DELIMITED = 2


def varint(value: int) -> bytes:
    """Return the base 128 varint of a number from 0 to 2^64 - 1."""
    if value < _VARINT_MORE:
        return _SMALL[value]
    parts = bytearray()
    while value >= _VARINT_MORE:
        parts.append(value & 0x7F | _VARINT_MORE)
        value >>= 7
    parts.append(value)
    return bytes(parts)


_SMALL = tuple(bytes([value]) for value in range(_VARINT_MORE))


def tag(number: int, wire_type: int = _LENGTH_DELIMITED) -> bytes:
    """Return the tag of a field."""
    return varint(number << 3 | wire_type)


def field(field_tag: bytes, content: bytes) -> bytes:
    """Return a length-delimited field: a message, a text or bytes."""
    return b"".join((field_tag, varint(len(content)), content))
