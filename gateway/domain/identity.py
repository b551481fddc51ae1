"""Who somebody is to an identity provider, and what that makes him here."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.domain.people import NAME_LENGTH_MAX
from gateway.domain.permission import Role

_DISPLAY_NAME_LENGTH_MAX = 100
_NO_PART_OF_A_NAME = re.compile(r"[^a-z0-9._@+-]+")
_NO_START_OF_A_NAME = re.compile(r"^[^a-z0-9]+")
_NAME_LENGTH_MIN = 2
_MARK_LENGTH = 8
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# Tried in this order; the subject itself is often a random text.
_NAME_CLAIMS = ("preferred_username", "email")


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the provider vouches for.

    Attributes:
        issuer: the provider.
        subject: who it is there, for good; names and addresses may go to somebody else.
        claims: all that the provider says of him.
    """

    issuer: str
    subject: str
    claims: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name that he would have here, if it is free."""
        for claim in _NAME_CLAIMS:
            name = _as_name(self.claims.get(claim))
            if name:
                return name
        return _marked("user", self)

    @property
    def name_apart(self) -> str:
        """The name that he gets where somebody else has the other."""
        return _marked(self.name, self)

    @property
    def display_name(self) -> str:
        """What he is called."""
        given = self.claims.get("name")
        text = _CONTROL.sub("", given).strip() if isinstance(given, str) else ""
        return text[:_DISPLAY_NAME_LENGTH_MAX]


def values_of(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """Return the texts of a claim, one or a list.

    The path is the claim's name, or several names with dots between them, outermost first.
    """
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    if isinstance(found, list):
        return frozenset(each for each in found if isinstance(each, str))
    return frozenset()


def highest_role(values: frozenset[str], roles: Mapping[str, Role]) -> Role | None:
    """Return the highest role that one of the values stands for; None where none does."""
    order = list(Role)
    given = [roles[value] for value in values if value in roles]
    return max(given, key=order.index, default=None)


def _as_name(claim: object) -> str:
    if not isinstance(claim, str):
        return ""
    text = _NO_PART_OF_A_NAME.sub("-", claim.strip().lower())
    text = _NO_START_OF_A_NAME.sub("", text)[:NAME_LENGTH_MAX]
    return text if len(text) >= _NAME_LENGTH_MIN else ""


def _marked(name: str, identity: Identity) -> str:
    mark = hashlib.sha256(f"{identity.issuer}\0{identity.subject}".encode()).hexdigest()
    return f"{name[: NAME_LENGTH_MAX - _MARK_LENGTH - 1]}-{mark[:_MARK_LENGTH]}"
