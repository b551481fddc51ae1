"""What would have happened.

A history through the whole engine, model included, without a server.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.training.dataset import DAY_NS, FRAUD, UNKNOWN, History, replay_in_memory
from models.training.train import judge
from scoring_server.detectors.reasons import REASONS
from scoring_server.engine.assessment import Assessment
from scoring_server.engine.risk import EngineSettings
from scoring_server.evaluation.metrics import card_precision_at
from scoring_server.inference.model_slots import ModelSlots

# Names of the proto enums Severity and Decision, by value.
SEVERITIES: Final = ("", "MINIMAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
DECISIONS: Final = ("", "APPROVE", "REVIEW", "DECLINE")
REVIEWED_CARDS_A_DAY: Final = 100
REASONS_SHOWN: Final = 10


class _Tally:
    """What is kept of each assessment: a few numbers a row, and counts."""

    def __init__(self, row_count: int) -> None:
        self.risk_score = np.zeros(row_count)
        self.ml = np.full(row_count, np.nan)
        self.severity = np.zeros(row_count, np.int8)
        self.decision = np.zeros(row_count, np.int8)
        self.leading_reasons = np.zeros(len(REASONS), np.int64)
        self.degraded: dict[str, int] = {}

    def add(self, first: int, assessment: Assessment) -> None:
        rows = slice(first, first + len(assessment.risk_score))
        self.risk_score[rows] = assessment.risk_score
        self.ml[rows] = assessment.ml
        self.severity[rows] = assessment.severity
        self.decision[rows] = assessment.decision
        explained = assessment.reason_count > 0
        leading = assessment.reason_index[explained, 0]
        self.leading_reasons += np.bincount(leading, minlength=len(REASONS))
        for code in assessment.degraded_reasons:
            self.degraded[code] = self.degraded.get(code, 0) + len(assessment.risk_score)


def backtest(
    history: History,
    models: ModelSlots | None,
    settings: EngineSettings | None = None,
    budget_ratio: float = 0.01,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> dict[str, Any]:
    """Return the figures of a run, ready for JSON; what cannot be measured is None.

    Args:
        history: what happened; labels reach the engine when they became known.
        models: slots whose champion takes part; None leaves the model out.
        settings: thresholds and weights; None takes the defaults.
        budget_ratio: share of the transactions that may be reviewed.
        on_progress: called with the number of transactions done.
    """
    settings = settings or EngineSettings()
    tally = _Tally(len(history.transactions))

    def observe(first: int, assessment: Assessment) -> None:
        tally.add(first, assessment)
        on_progress(first + len(assessment.risk_score))

    seconds = replay_in_memory(history, observe, models, settings)
    return _figures(history, tally, settings, budget_ratio, seconds)


def _figures(
    history: History, tally: _Tally, settings: EngineSettings, budget_ratio: float, seconds: float
) -> dict[str, Any]:
    count = len(history.transactions)
    alerts = tally.risk_score >= settings.alert_threshold
    labelled = history.label != UNKNOWN
    frauds = history.label == FRAUD
    figures: dict[str, Any] = {
        "transactions": count,
        "refused": history.refused_count,
        "seconds": round(seconds, 3),
        "transactions_per_s": round(count / max(seconds, 1e-9), 1),
        "alerts": int(alerts.sum()),
        "decisions": _counts(tally.decision, DECISIONS),
        "severities": _counts(tally.severity, SEVERITIES),
        "degraded": tally.degraded,
        "leading_reasons": _reasons(tally),
        "frauds": int(frauds.sum()) if labelled.any() else None,
        "alert_precision": _ratio(alerts & frauds, alerts & labelled),
        "alert_recall": _ratio(alerts & frauds, frauds),
        "risk": None,
        "model": None,
        "card_precision_at_100": None,
    }
    if not frauds.any() or not (labelled & ~frauds).any():
        return figures
    figures["risk"] = judge(
        tally.risk_score[labelled], frauds[labelled], history.scenario[labelled], budget_ratio
    )
    scored = labelled & ~np.isnan(tally.ml)
    if frauds[scored].any() and not frauds[scored].all():
        figures["model"] = judge(
            tally.ml[scored], frauds[scored], history.scenario[scored], budget_ratio
        )
    precision = card_precision_at(
        REVIEWED_CARDS_A_DAY,
        history.event_time_ns[labelled] // DAY_NS,
        history.transactions["account_key"][labelled],
        tally.risk_score[labelled],
        frauds[labelled].astype(np.int8),
    )
    figures["card_precision_at_100"] = None if math.isnan(precision) else round(precision, 6)
    return figures


def _counts(values: NDArray[np.int8], names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(values, minlength=len(names)).tolist()
    return {name: counts[value] for value, name in enumerate(names) if value}


def _reasons(tally: _Tally) -> dict[str, int]:
    order = np.argsort(-tally.leading_reasons, kind="stable")[:REASONS_SHOWN]
    counts = tally.leading_reasons
    return {REASONS[index].code: int(counts[index]) for index in order if counts[index]}


def _ratio(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float | None:
    count = int(whole.sum())
    return round(float(part.sum() / count), 6) if count else None
