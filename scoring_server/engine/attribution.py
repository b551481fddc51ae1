"""Which features made the model's score: each is set to what is usual, all in one call.

Model-agnostic: what the score falls by, in log odds, when one feature alone is as usual. Features
that act only together share nothing this way; the order is what an analyst needs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_COUNT, FEATURES, Feature
from scoring_server.inference.onnx_model import OnnxModel

COUNT_MAX: Final = 5
_SCORE_MIN: Final = 1e-9
# Beyond that nobody reads on.
_ONE_IN_MAX: Final = 1e9


@dataclass(frozen=True, slots=True)
class Attribution:
    """What one feature adds to the model's score.

    Attributes:
        feature: name in the catalogue.
        value: what it was.
        baseline: what is usual: the middle of the training snapshot, or of an entity without past.
        contribution: share of all that raises the score, 0 to 1.
        sentence: the same for people.
    """

    feature: str
    value: float
    baseline: float
    contribution: float
    sentence: str


def attributions(features: NDArray[np.float32], model: OnnxModel) -> list[Attribution]:
    """Return the features that raise the model's score most, strongest first, at most five.

    Args:
        features: of one transaction, shape (FEATURE_COUNT,).
        model: the model that scored it.
    """
    names, columns = model.identity.features, model.columns
    baselines = np.array([_baseline(model, name) for name in names], np.float32)
    rows = np.repeat(features.reshape(1, FEATURE_COUNT), len(names) + 1, axis=0)
    rows[np.arange(len(names)), columns] = baselines
    scores = np.empty(len(rows))
    model.score(rows, scores)
    odds = np.log(np.clip(scores, _SCORE_MIN, 1.0) / np.clip(1.0 - scores, _SCORE_MIN, 1.0))
    raised = np.maximum(odds[-1] - odds[:-1], 0.0)
    total = float(raised.sum())
    if total <= 0.0:
        return []
    strongest = [place for place in np.argsort(-raised, kind="stable") if raised[place] > 0.0]
    return [
        _told(
            names[place],
            float(features[columns[place]]),
            float(baselines[place]),
            float(raised[place]) / total,
        )
        for place in strongest[:COUNT_MAX]
    ]


def _baseline(model: OnnxModel, name: str) -> float:
    histogram = (model.manifest.snapshot or {}).get(name)
    if histogram is None:
        return FEATURES[name].cold_start
    # The edge at which half of the training data is reached.
    reached = np.cumsum(histogram.shares)
    place = int(np.searchsorted(reached, 0.5))
    return histogram.edges[min(place, len(histogram.edges) - 1)]


def _told(name: str, value: float, baseline: float, contribution: float) -> Attribution:
    said = _said(FEATURES[name], value, baseline)
    sentence = f"{said} ({contribution:.0%} of what raises the model's score)"
    return Attribution(name, value, baseline, contribution, sentence)


def _said(feature: Feature, value: float, baseline: float) -> str:
    """Say a value in its unit, beside what is usual."""
    # What stands behind a semicolon says when there is no value.
    meaning, unit = feature.meaning.partition(";")[0], feature.unit
    if unit == "0 or 1":
        so = "" if value else "it is not so that "
        return so + meaning.removeprefix("1 when ")
    if unit.startswith("-log"):
        base = 2.0 if unit.startswith("-log2") else 10.0
        return f"{meaning}: one in {min(base ** max(value, 0.0), _ONE_IN_MAX):,.0f}"
    if unit == "major currency units":
        return f"{meaning}: {value:,.2f}, usual is {baseline:,.2f}"
    name = "" if unit == "ratio" else f" {unit.partition(' of the log')[0]}"
    return f"{meaning}: {_number(value)}{name}, usual is {_number(baseline)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000.0 else f"{value:.4g}"  # noqa: PLR2004 - reading
