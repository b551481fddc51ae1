"""The models in use, by what they are used for.

A model that is missing or broken never stops the server: its slot stays empty and says why. What is
in use is one immutable lineup that is replaced whole, so that a block meets either the old or the
new one and every answer names the model that gave its score.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring_server.inference.artifact import load_model
from scoring_server.inference.errors import ModelError
from scoring_server.inference.onnx_model import OnnxModel
from scoring_server.inference.repository import find_model

CHAMPION = "champion"
CANARY = "canary"
SHADOW = "shadow"
PREVIOUS = "previous"

# Steps of a hundredth of a percent.
_BUCKETS = 10_000
# SplitMix64's constants: the bits of an account's key also choose its place in the tables, and
# must not choose its model the same way.
_INCREMENT = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, slots=True)
class Lineup:
    """Models by what they are used for.

    Attributes:
        champion: its score counts; None when there is none.
        canary: its score counts for some accounts, in place of the champion's.
        canary_pct: share of accounts, 0 to 100, always the same ones.
        shadows: their scores are compared and do not count.
        previous: was champion before.
    """

    champion: OnnxModel | None = None
    canary: OnnxModel | None = None
    canary_pct: float = 0.0
    shadows: tuple[OnnxModel, ...] = ()
    previous: OnnxModel | None = None

    def all(self) -> list[tuple[str, OnnxModel]]:
        """Return role and model of all models in memory, champion first."""
        single = ((CHAMPION, self.champion), (CANARY, self.canary), (PREVIOUS, self.previous))
        models = [(role, model) for role, model in single if model is not None]
        shadows = [(SHADOW, model) for model in self.shadows]
        return sorted(models + shadows, key=lambda held: _ORDER.index(held[0]))

    def held(self, name: str, version: str) -> OnnxModel | None:
        """Return a model that is in memory in any role."""
        for _, model in self.all():
            if (model.identity.name, model.identity.version) == (name, version):
                return model
        return None

    def for_canary(self, transactions: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Return which transactions the canary scores, (n,); None while there is no canary."""
        if self.canary is None:
            return None
        return bucket_of(transactions["account_key"]) < self.canary_pct * (_BUCKETS / 100)

    def scoring(self, transactions: NDArray[Any]) -> OnnxModel | None:
        """Return the model that scores a block, none of whose transactions belongs to another."""
        if self.canary is not None:
            (canary,) = self.for_canary(transactions[:1])  # type: ignore[misc]
            return self.canary if canary else self.champion
        return self.champion

    def promoted(self, model: OnnxModel) -> "Lineup":
        """Return the lineup with a model as champion, which leaves its other roles."""
        if model is self.champion:
            return self
        rest = self.without(model)
        return replace(rest, champion=model, previous=self.champion)

    def without(self, model: OnnxModel) -> "Lineup":
        """Return the lineup in which a model is neither canary nor shadow."""
        shadows = tuple(each for each in self.shadows if each is not model)
        if self.canary is model:
            return replace(self, canary=None, canary_pct=0.0, shadows=shadows)
        return replace(self, shadows=shadows)


_ORDER = (CHAMPION, CANARY, SHADOW, PREVIOUS)


class ModelSlots:
    """Holds the lineup; whoever scores takes it once a block.

    Attributes:
        lineup: what is in use, replaced whole.
        fault: why there is no champion; empty when there is one.
    """

    def __init__(self, champion: OnnxModel | None = None, fault: str = "") -> None:
        self.lineup = Lineup(champion)
        self.fault = fault

    @property
    def champion(self) -> OnnxModel | None:
        """The model whose score counts."""
        return self.lineup.champion

    def all(self) -> list[tuple[str, OnnxModel]]:
        """Return role and model of all models in memory, champion first."""
        return self.lineup.all()


def bucket_of(account_keys: NDArray[Any]) -> NDArray[np.uint64]:
    """Return a number from 0 to 9,999 for each account, the same at any time."""
    mixed = account_keys.astype(np.uint64) + _INCREMENT
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FACTORS[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _FACTORS[1]
    buckets: NDArray[np.uint64] = (mixed ^ (mixed >> np.uint64(31))) % np.uint64(_BUCKETS)
    return buckets


def open_models(model_dir: Path, name: str = "default", version: str = "") -> ModelSlots:
    """Return slots whose champion is the model of that name.

    Args:
        model_dir: folder that holds one folder a model.
        name: the model's folder.
        version: the version's folder; empty takes the highest. A broken highest version is not
            replaced by an older
            one: what is in use must never be a surprise.
    """
    try:
        return ModelSlots(champion=load_model(find_model(model_dir, name, version)))
    except ModelError as error:
        return ModelSlots(fault=error.message)
