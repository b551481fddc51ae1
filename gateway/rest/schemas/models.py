"""Bodies of /api/models."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Struct

from gateway.domain.model import ModelRole


class ModelComparisonBody(Struct):
    """A shadow beside what was answered, since the scoring server holds it as one.

    `alerts` were raised by the answers; the shadow would have raised `alerts_gained` beside them
    and not raised `alerts_lost`.
    """

    transactions: int
    alerts: int
    alerts_gained: int
    alerts_lost: int
    failed: int
    score_difference_mean: float


class DriftBody(Struct):
    """How far a feature of the champion, or its `score`, has moved from training.

    Measured over the last full window of `transactions`, 0 before the first is full.
    """

    feature: str
    psi: float
    ks: float
    transactions: int
    alarm: bool


class HeldModelBody(Struct):
    """A model that the scoring server holds.

    `canary_percentage` is the share of accounts that it scores; 0 in every role but CANARY,
    `comparison` is null in every role but SHADOW.
    """

    name: str
    version: str
    role: ModelRole
    sha256: str
    threshold: float
    feature_count: int
    canary_percentage: float
    loaded_at: datetime
    comparison: ModelComparisonBody | None


class FoundModelBody(Struct):
    """A version in the folder of models.

    `fault` is why the gate refused it since the scoring server started, empty when it did not.
    """

    name: str
    version: str
    fault: str


class ModelsBody(Struct):
    """Models in use, champion first, and those in the folder, by name, lowest version first.

    `fault` is why there is no champion, empty when there is one. `drift` is empty when
    the champion's manifest has no snapshot of its training.
    """

    models: list[HeldModelBody]
    versions: list[FoundModelBody]
    fault: str
    drift: list[DriftBody]


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
