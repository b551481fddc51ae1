"""A small interpreter of the protovalidate annotations that our protos use.

Slow and obvious: it walks the descriptors and reads the rules, and knows nothing of the checks
written by hand that tests compare with it. A rule that it does not know makes it fail.
"""

import ipaddress
import re
from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

_POSIX_CLASSES = {"[:cntrl:]": r"\x00-\x1f\x7f"}


def violated_fields(message: Message, path: str) -> set[str]:
    """Return the path of every field that breaks a rule, each below `path`."""
    found: set[str] = set()
    for oneof in message.DESCRIPTOR.oneofs:
        rules = oneof.GetOptions().Extensions[validate_pb2.oneof]
        if rules.required and message.WhichOneof(oneof.name) is None:
            found.add(f"{path}.{oneof.name}")
    for field in message.DESCRIPTOR.fields:
        rules = field.GetOptions().Extensions[validate_pb2.field]
        here = f"{path}.{field.name}"
        value = getattr(message, field.name)
        if field.has_presence and not message.HasField(field.name):
            if rules.required:
                found.add(here)
            continue
        if field.is_repeated:
            message_text = f"{here}: lists are checked by their own tests"
            raise NotImplementedError(message_text)
        if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE and not value:
            continue
        kind = rules.WhichOneof("type")
        if kind is not None and not _keeps(kind, getattr(rules, kind), value, field):
            found.add(here)
        if field.type == FieldDescriptor.TYPE_MESSAGE and not isinstance(value, Timestamp):
            found |= violated_fields(value, here)
    return found


def _keeps(kind: str, rules: Message, value: Any, field: FieldDescriptor) -> bool:
    return all(
        _keeps_one(kind, rule.name, limit, value, field) for rule, limit in rules.ListFields()
    )


def _keeps_one(kind: str, rule: str, limit: Any, value: Any, field: FieldDescriptor) -> bool:
    if kind == "timestamp":
        value = (value.seconds, value.nanos)
        limit = (limit.seconds, limit.nanos)
    keeps = {
        "gte": lambda: value >= limit,
        "lte": lambda: value <= limit,
        "lt": lambda: value < limit,
        "min_len": lambda: len(value) >= limit,
        "max_len": lambda: len(value) <= limit,
        "pattern": lambda: re.search(_python_pattern(limit), value) is not None,
        "ip": lambda: _is_ip(value),
        "defined_only": lambda: value in field.enum_type.values_by_number,
        "not_in": lambda: value not in limit,
    }
    return keeps[rule]()


def _python_pattern(pattern: str) -> str:
    """Return an RE2 pattern in Python's words; `$` there is the very end of the text."""
    for name, characters in _POSIX_CLASSES.items():
        pattern = pattern.replace(name, characters)
    return re.sub(r"\$$", r"\\Z", pattern)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
