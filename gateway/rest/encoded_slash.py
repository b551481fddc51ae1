"""Ids that hold a slash, in a path.

Servers hand a path over decoded, where an encoded slash looks like one that parts segments. Ids of
accounts and merchants may hold slashes, and never control characters: one of these stands for the
encoded slash on the way to the handler.
"""

import re
from urllib.parse import unquote_to_bytes

_STAND_IN = "\x1f"
_ENCODED = re.compile(rb"%2f", re.IGNORECASE)
_SEVERAL = re.compile(r"/{2,}")

# What an id may be while its slashes are replaced.
PATTERN = r"^[^\x00-\x1e\x7f]*\Z"


def path_of(path: str, raw_path: bytes | None) -> str:
    """Return a decoded path in which encoded slashes part no segments, and others part once.

    The framework takes several slashes for one; what looks at a path before it does must see the
    same.
    """
    if raw_path is not None and _ENCODED.search(raw_path):
        path = unquote_to_bytes(_ENCODED.sub(b"%1F", raw_path)).decode("utf-8", "replace")
    return _SEVERAL.sub("/", path) if "//" in path else path


def restored(text: str) -> str:
    """Return an id as the client meant it."""
    return text.replace(_STAND_IN, "/")
