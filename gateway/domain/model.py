"""Models of the scoring server, as the gateway speaks of them."""

from datetime import datetime
from enum import StrEnum

import msgspec


class ModelRole(StrEnum):
    """What a model is used for.

    Attributes:
        CHAMPION: its score counts.
        CANARY: its score counts for some accounts, in place of the champion's.
        SHADOW: it is compared with the champion, and does not count.
        PREVIOUS: it was champion before, and can be rolled back to.
    """

    CHAMPION = "CHAMPION"
    CANARY = "CANARY"
    SHADOW = "SHADOW"
    PREVIOUS = "PREVIOUS"


class HeldModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model in the memory of the scoring server.

    Attributes:
        canary_pct: share of accounts that it scores as canary; 0 in every other role.
        feature_count: how many features it reads.
    """

    name: str
    version: str
    role: ModelRole
    sha256: str
    threshold: float
    feature_count: int
    canary_pct: float
    loaded_time: datetime


class FoundModel(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the folder of models; `fault` says why the gate refused it, if it did."""

    name: str
    version: str
    fault: str


class ModelsInUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the scoring server holds and finds; `fault` says why there is no champion."""

    held: list[HeldModel]
    found: list[FoundModel]
    fault: str
