"""What would have been enough for an alerted payment to be approved, checked by scoring it so.

All candidates, up to three changes each, are judged in one block and scored in one call of the
model. Off the hot path: it reads what was recorded with the decision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.admissible import (
    AMOUNT_SHARES,
    CHANGE_COUNT_MAX,
    Change,
    applicable,
    combinations,
    with_amounts,
)
from scoring_server.engine.engine import threshold_of
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.onnx_model import OnnxModel
from scoring_server.kernels import dtypes, judge_again
from scoring_server.kernels.combine import combine_block
from scoring_server.kernels.dtypes import FEATURE_COUNT, KIND_PAYMENT

_judge_block: Callable[..., None] = judge_again.judge_block
COUNT_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Changes that would have been enough.

    Attributes:
        codes: of the changes; LOWER_AMOUNT is one of them where `amount_below` is given.
        amount_below: largest amount tried below which every one tried is approved, in major
            units; None where the amount stays.
        risk_score: what the changed payment scores, 0 to 100, below every threshold.
        sentence: the same for people.
    """

    codes: tuple[str, ...]
    amount_below: float | None
    risk_score: float
    sentence: str


def risk_scores(
    features: NDArray[Any],
    transaction: NDArray[Any],
    model: OnnxModel | None,
    settings: EngineSettings,
) -> NDArray[np.float64]:
    """Return the risk, 0 to 100, of one transaction under each of several FEATURES records."""
    judgements = np.zeros(len(features), dtypes.JUDGEMENT)
    _judge_block(features, np.repeat(transaction.reshape(1), len(features)), judgements)
    ml = np.full(len(features), np.nan)
    if model is not None:
        model.score(features.view(np.float32).reshape(len(features), FEATURE_COUNT), ml)
    combine_block(
        judgements,
        ml,
        threshold_of(model.identity if model else None),
        settings.weights(),
        settings.severity_thresholds(),
        settings.decision_thresholds(),
    )
    risks: NDArray[np.float64] = judgements["risk_score"]
    return risks


def counterfactuals(
    features: NDArray[Any],
    transaction: NDArray[Any],
    model: OnnxModel | None,
    settings: EngineSettings,
) -> list[Counterfactual]:
    """Return up to three ways in which a payment would have been approved, fewest changes first.

    Args:
        features: what was recorded with it, one FEATURES record.
        transaction: one TRANSACTION record.
        model: the model that scored it; None when none did.
        settings: thresholds and weights of then.

    Returns:
        None contains another's changes. Empty for a trade, and where up to three changes that a
        payer could have made are not enough.
    """
    features, transaction = features.reshape(1)[0], transaction.reshape(1)
    if int(transaction["kind"][0]) != KIND_PAYMENT:
        return []
    rows, chosen = _candidates(np.array(features))
    risks = risk_scores(rows, transaction, model, settings)
    approved = risks < min(settings.alert_threshold, settings.review_threshold)
    found: list[Counterfactual] = []
    start = 0
    for changes, lowered in chosen:
        size = len(AMOUNT_SHARES) if lowered else 1
        place = _first_lasting(approved[start : start + size])
        codes = (*(("LOWER_AMOUNT",) if lowered else ()), *(change.code for change in changes))
        known = any(set(codes) >= set(each.codes) for each in found)
        if place is not None and codes and not known:
            row = start + place
            below = float(rows["amount"][row]) if lowered else None
            found.append(Counterfactual(codes, below, float(risks[row]), _say(changes, below)))
        start += size
    return found[:COUNT_MAX]


def _candidates(
    features: NDArray[Any],
) -> tuple[NDArray[Any], list[tuple[tuple[Change, ...], bool]]]:
    """Return all changed records, and the changes of each run of them, fewest changes first."""
    changes = applicable(features)
    runs = [(chosen, False) for chosen in combinations(changes, CHANGE_COUNT_MAX)]
    if features["amount"] > 0.0:
        runs += [(chosen, True) for chosen in combinations(changes, CHANGE_COUNT_MAX - 1)]
    runs.sort(key=lambda run: len(run[0]) + run[1])
    lower = with_amounts(features, AMOUNT_SHARES)
    parts = []
    for chosen, lowered in runs:
        part = lower.copy() if lowered else features.reshape(1).copy()
        for change in chosen:
            change.apply(part)
        parts.append(part)
    return np.concatenate(parts), runs


def _first_lasting(approved: NDArray[np.bool_]) -> int | None:
    """Return the first place from which on all are approved: "below" must hold for all below."""
    refused = np.flatnonzero(~approved)
    place = 0 if len(refused) == 0 else int(refused[-1]) + 1
    return place if place < len(approved) else None


def _say(changes: tuple[Change, ...], below: float | None) -> str:
    words = [change.words for change in changes]
    if below is not None:
        words.insert(0, f"at {below:,.2f} or less")
    return "would have been approved " + " and ".join(words)
