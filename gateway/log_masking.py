"""Keeps secrets out of the log at every level, and people's data out of it from INFO on.

The last step before a line is written, so that it covers what libraries log and what stands in
tracebacks too. It is a net under the rule that such values are not logged at all.
"""

import ipaddress
import re
from typing import Any

from structlog.typing import EventDict, WrappedLogger

_HIDDEN = "***"
_SECRET_KEY = re.compile(r"password|secret|token|authorization|cookie", re.IGNORECASE)
_PERSONAL_KEYS = frozenset(
    {
        "account",
        "account_id",
        "card_bin",
        "client",
        "counterparty_account_id",
        "destination_account",
        "device",
        "device_fingerprint",
        "device_id",
        "entity",
        "entity_id",
        "ip",
        "ip_address",
        "merchant_id",
        "owner_id",
        "source_account",
        "terminal_id",
        "username",
    }
)
# Where we listen and whom we call is no person's address.
_OWN_ADDRESS_KEYS = frozenset({"host", "scoring"})
_SECRET_TEXTS = (
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), _HIDDEN),
    (re.compile(r"\ban[rs]_[\w-]{20,}"), _HIDDEN),
    (re.compile(r"\bwhsec_[\w+/=-]{20,}"), _HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 " + _HIDDEN),
    (re.compile(r"\$argon2\w*\$[^\s'\"]+"), _HIDDEN),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), r"\1" + _HIDDEN + "@"),
)
_PERSONAL_TEXTS = (
    # PostgreSQL repeats the values of a refused row there.
    (re.compile(r"DETAIL:.*"), f"DETAIL: {_HIDDEN}"),
    (re.compile(r"\b(?!127\.|0\.0\.0\.0)(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}\b"), r"\1.x"),
)
_DEBUG = "debug"
_KEPT_START_LENGTH = 2
_DEPTH_MAX = 4


def mask_line(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Return a line with what must not be read in it hidden."""
    personal = event_dict.get("level") != _DEBUG
    return {key: _value(key, value, personal, _DEPTH_MAX) for key, value in event_dict.items()}


def masked_personal(value: object) -> str:
    """Return enough of a value to tell two apart at a glance, and not enough to know it.

    A network for an address, two characters for anything else.
    """
    text = str(value)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:_KEPT_START_LENGTH] + _HIDDEN if text else ""
    if address.is_loopback:
        return text
    bits = 24 if isinstance(address, ipaddress.IPv4Address) else 48
    return str(ipaddress.ip_network((address, bits), strict=False))


def _value(key: str, value: Any, personal: bool, depth: int) -> Any:
    # What the logging libraries pass along for themselves; no text of ours.
    if key.startswith("_") or value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_KEY.search(key):
        return _HIDDEN
    if personal and key in _PERSONAL_KEYS:
        return masked_personal(value)
    if isinstance(value, dict | list | tuple):
        return _inside(key, value, personal, depth - 1) if depth else _HIDDEN
    return _text(str(value), personal=personal and key not in _OWN_ADDRESS_KEYS)


def _inside(
    key: str, value: dict[Any, Any] | list[Any] | tuple[Any, ...], personal: bool, depth: int
) -> Any:
    if isinstance(value, dict):
        return {inner: _value(str(inner), each, personal, depth) for inner, each in value.items()}
    return [_value(key, each, personal, depth) for each in value]


def _text(text: str, *, personal: bool) -> str:
    for pattern, replacement in _SECRET_TEXTS:
        text = pattern.sub(replacement, text)
    if personal:
        for pattern, replacement in _PERSONAL_TEXTS:
            text = pattern.sub(replacement, text)
    return text
