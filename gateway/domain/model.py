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


class ShadowComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A shadow beside what was answered, since the scoring server holds it as one.

    Attributes:
        transactions: scored by both.
        alerts: raised by the answers; gained and lost say what the shadow would have changed.
        failed: transactions that it could not score.
        score_difference_mean: mean absolute difference of the two scores, 0 to 1.
    """

    transactions: int
    alerts: int
    alerts_gained: int
    alerts_lost: int
    failed: int
    score_difference_mean: float


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """How far a feature of the champion, or its score, has moved from training.

    Attributes:
        feature: its name, or `score`.
        psi: population stability index of the last full window.
        ks: Kolmogorov-Smirnov distance of that window, 0 to 1.
        transactions: of that window; 0 before the first is full.
        alarm: whether it has moved further than chance does.
    """

    feature: str
    psi: float
    ks: float
    transactions: int
    alarm: bool


class HeldModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model in the memory of the scoring server.

    Attributes:
        canary_pct: share of accounts that it scores as canary; 0 in every other role.
        feature_count: how many features it reads.
        comparison: how it compares; None in every role but shadow.
    """

    name: str
    version: str
    role: ModelRole
    sha256: str
    threshold: float
    feature_count: int
    canary_pct: float
    loaded_time: datetime
    comparison: ShadowComparison | None = None


class FoundModel(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the folder of models; `fault` says why the gate refused it, if it did."""

    name: str
    version: str
    fault: str


class ModelsInUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the scoring server holds and finds; `fault` says why there is no champion.

    `drifts` is empty when the champion's manifest has no snapshot of its training.
    """

    held: list[HeldModel]
    found: list[FoundModel]
    fault: str
    drifts: list[Drift]
