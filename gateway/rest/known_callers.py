"""Whom the tokens belong to that were accepted lately, for counting requests by caller.

The rate limit has to know who calls before anything is looked up. It believes only what the guard
has found out: a token that was never accepted names nobody, so that forging tokens does not help.
"""

import hashlib
from collections import OrderedDict

# Tokens that are remembered; one that is forgotten counts by address once.
_TOKENS_MAX = 10_000
_DIGEST_SIZE_BYTES = 16


class KnownCallers:
    """From an Authorization header to the id of who showed it."""

    def __init__(self) -> None:
        self._callers: OrderedDict[bytes, str] = OrderedDict()

    def caller(self, authorization: bytes) -> str:
        """Return whose the header is; empty where no such header was accepted yet."""
        return self._callers.get(_digest(authorization), "") if authorization else ""

    def accepted(self, authorization: bytes, caller_id: str) -> None:
        """Remember whose an accepted header is."""
        key = _digest(authorization)
        self._callers[key] = caller_id
        self._callers.move_to_end(key)
        if len(self._callers) > _TOKENS_MAX:
            self._callers.popitem(last=False)

    def refused(self, authorization: bytes) -> None:
        """Forget a header that is not accepted, or no longer."""
        self._callers.pop(_digest(authorization), None)


def _digest(authorization: bytes) -> bytes:
    return hashlib.blake2b(authorization, digest_size=_DIGEST_SIZE_BYTES).digest()
