"""Judgement by fold: a model fitted on the past of each fold, and what it says of its future.

The history runs once through the serving kernels; no fold can see what came later, because each
transaction keeps the features and the detectors' judgement that it would have been served with.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from models.backtest import REVIEWED_CARDS_A_DAY
from models.training.dataset import DAY_NS, FRAUD, History, replay_in_memory
from models.training.onnx_graph import INPUT_NAME, gradient_boosting_to_onnx
from models.training.rounding import rounded
from models.training.train import judge
from scoring_server.catalogue import FEATURE_COUNT
from scoring_server.engine.assessment import Assessment
from scoring_server.errors import InvalidArgumentError
from scoring_server.evaluation.bootstrap import average_precision_draws, interval
from scoring_server.evaluation.folds import (
    Fold,
    Span,
    cut_fold,
    day_of,
    holdout_span,
    iso_of,
    weekly_spans,
)
from scoring_server.evaluation.metrics import card_precision_at

HANDBOOK_STARTS: Final = ("2018-07-25", "2018-08-01", "2018-08-08", "2018-08-15")
REVIEWED_RATIO: Final = 0.01
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Trial:
    """How a history is judged.

    Attributes:
        protocol: which folds.
        starts: first training days of the folds as ISO dates; empty takes the protocol's.
        detectors_only: judge the statistical and the behavioral detector, without a model.
        no_labels: no label ever reaches the engine; implies that there is no model.
        seeds: how many models a fold, each with its own seed; their figures are averaged.
    """

    protocol: str
    starts: tuple[str, ...] = ()
    detectors_only: bool = False
    no_labels: bool = False
    seeds: int = 3


@dataclass(frozen=True, slots=True)
class _Served:
    """What each transaction was served with, and how fast."""

    features: NDArray[np.float32]
    risk_score: NDArray[np.float64]
    per_second: float


def run_trial(
    history: History, trial: Trial, on_progress: Callable[[int], None] = lambda _rows: None
) -> dict[str, Any]:
    """Return the figures of a protocol, ready for JSON.

    Args:
        history: what happened, labels with the time at which they became known.
        trial: how to judge it.
        on_progress: called with the number of transactions done.

    Raises:
        InvalidArgumentError: a fold has no fraud, or the history is too short.
    """
    days = history.event_time_ns // DAY_NS
    spans = _spans(trial, days)
    accounts = history.transactions["account_key"]
    folds = [cut_fold(span, days, accounts, history.label) for span in spans]
    with_model = not (trial.detectors_only or trial.no_labels)
    served = _serve(history, trial, keep_features=with_model, on_progress=on_progress)
    generator = np.random.default_rng(0)
    results = [
        _judge_fold(history, served, fold, trial.seeds if with_model else 0, generator)
        for fold in folds
    ]
    return {
        "protocol": trial.protocol,
        "judged": "model" if with_model else "detectors",
        "labels": "none" if trial.no_labels else "late",
        "seeds": trial.seeds if with_model else 0,
        **_means(results),
        "folds": [result.figures for result in results],
        "tps": round(served.per_second, 1),
    }


def _spans(trial: Trial, days: NDArray[Any]) -> list[Span]:
    if trial.protocol == "holdout":
        if trial.starts:
            raise InvalidArgumentError("--folds goes with handbook and prequential, not holdout")
        return [holdout_span(days)]
    if trial.starts or trial.protocol == "handbook":
        spans = [Span(day_of(start)) for start in trial.starts or HANDBOOK_STARTS]
    else:
        spans = weekly_spans(days)
    first, last = int(days[0]), int(days[-1])
    for span in spans:
        if span.first_day < first or span.end_day > last + 1:
            raise InvalidArgumentError(
                f"the fold that starts on {iso_of(span.first_day)} lasts until "
                f"{iso_of(span.end_day - 1)}, the history is from {iso_of(first)} to {iso_of(last)}"
            )
    if not spans:
        raise InvalidArgumentError("a protocol by weeks needs at least 22 days of history")
    return spans


def _serve(
    history: History, trial: Trial, *, keep_features: bool, on_progress: Callable[[int], None]
) -> _Served:
    count = len(history.transactions)
    features = np.empty((count if keep_features else 0, FEATURE_COUNT), np.float32)
    risk_score = np.empty(count)

    def keep(first: int, assessment: Assessment) -> None:
        end = first + len(assessment.risk_score)
        risk_score[first:end] = assessment.risk_score
        if keep_features:
            features[first:end] = assessment.features
        on_progress(end)

    told = history
    if trial.no_labels:
        told = replace(history, label_time_ns=np.zeros_like(history.label_time_ns))
    seconds = replay_in_memory(told, keep)
    return _Served(features, risk_score, count / max(seconds, 1e-9))


@dataclass(frozen=True, slots=True)
class _Result:
    figures: dict[str, Any]
    recalls: dict[str, float]
    draws: NDArray[np.float64]


def _judge_fold(
    history: History, served: _Served, fold: Fold, seeds: int, generator: np.random.Generator
) -> _Result:
    test = fold.test
    frauds = history.label[test] == FRAUD
    days = history.event_time_ns[test] // DAY_NS
    if seeds:
        scores = [_model_scores(history, served, fold, seed) for seed in range(seeds)]
    else:
        scores = [served.risk_score[test]]
    judged = [judge(score, frauds, history.scenario[test], REVIEWED_RATIO) for score in scores]
    cards = [
        card_precision_at(
            REVIEWED_CARDS_A_DAY,
            days,
            history.transactions["account_key"][test],
            score,
            frauds.astype(np.int8),
        )
        for score in scores
    ]
    precisions = [one["average_precision"] for one in judged]
    figures = {
        "start": iso_of(fold.span.first_day),
        "train_rows": len(fold.train),
        "train_frauds": int(np.count_nonzero(history.label[fold.train] == FRAUD)),
        "test_rows": len(test),
        "test_frauds": int(np.count_nonzero(frauds)),
        "auc_roc": _mean([one["auc_roc"] for one in judged]),
        "average_precision": _mean(precisions),
        "average_precision_of_seeds": precisions,
        "card_precision_100": _mean(cards),
    }
    prefix = "recall_at_budget."
    recalls = {
        name.removeprefix(prefix): _mean([one[name] for one in judged])
        for name in judged[0]
        if name.startswith(prefix)
    }
    return _Result(figures, recalls, average_precision_draws(days, frauds, scores[0], generator))


def _model_scores(history: History, served: _Served, fold: Fold, seed: int) -> NDArray[np.float64]:
    """Return what a model fitted on the fold's first part says of its last, by ONNX Runtime."""
    fitted_on = served.features[fold.train]
    # Features that never vary are of the other kind of transaction, or of fields not given.
    columns = np.flatnonzero(fitted_on.min(axis=0) < fitted_on.max(axis=0))
    # Size and rate of the published best on this protocol; not tuned on any judged week.
    classifier = HistGradientBoostingClassifier(
        max_iter=100,
        max_depth=3,
        learning_rate=0.1,
        l2_regularization=5.0,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )
    # So few rows are fitted fastest by one thread, by far where others use the machine as well.
    with threadpool_limits(1):
        classifier.fit(rounded(fitted_on[:, columns]), history.label[fold.train] == FRAUD)
    graph = gradient_boosting_to_onnx(classifier, len(columns), "fold")
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    inputs = np.ascontiguousarray(served.features[fold.test][:, columns])
    scores: NDArray[np.float32] = session.run(None, {INPUT_NAME: inputs})[0]
    return scores[:, 0].astype(np.float64)


def _means(results: list[_Result]) -> dict[str, Any]:
    names = ("auc_roc", "average_precision", "card_precision_100")
    means: dict[str, Any] = {
        name: _mean([result.figures[name] for result in results]) for name in names
    }
    draws = np.mean([result.draws for result in results], axis=0)
    means["average_precision_interval"] = interval(draws)
    kinds = sorted({kind for result in results for kind in result.recalls})
    means["recall_by_scenario"] = {
        kind: _mean([result.recalls[kind] for result in results if kind in result.recalls])
        for kind in kinds
    }
    return means


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), _DIGITS)
