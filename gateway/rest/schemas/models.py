"""Bodies of /api/models."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Struct

from gateway.domain.model import ModelRole


class HeldModelBody(Struct):
    """A model that the scoring server holds.

    `canary_percentage` is the share of accounts that it scores; 0 in every role but CANARY.
    """

    name: str
    version: str
    role: ModelRole
    sha256: str
    threshold: float
    feature_count: int
    canary_percentage: float
    loaded_at: datetime


class FoundModelBody(Struct):
    """A version in the folder of models.

    `fault` is why the gate refused it since the scoring server started, empty when it did not.
    """

    name: str
    version: str
    fault: str


class ModelsBody(Struct):
    """Models in use, champion first, and those in the folder, by name, lowest version first.

    `fault` is why there is no champion, empty when there is one.
    """

    models: list[HeldModelBody]
    versions: list[FoundModelBody]
    fault: str


class ModelsEnvelope(Struct):
    """Models."""

    data: ModelsBody


class HeldModelsEnvelope(Struct):
    """Models in use after a change, champion first."""

    data: list[HeldModelBody]


class CanaryBody(Struct, forbid_unknown_fields=True):
    """The share of accounts; 0 ends it."""

    percentage: Annotated[float, msgspec.Meta(ge=0, le=100)]


class ShadowBody(Struct, forbid_unknown_fields=True):
    """Whether it is to be compared."""

    active: bool
