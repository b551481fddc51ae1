"""The hot path: a block of transactions through state, features, detectors, model and risk.

One implementation serves live calls, backtests and training, so that they cannot drift apart. The
engine knows no transport and no journal, and is not thread-safe: its caller serialises.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_COUNT, FEATURES
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.errors import ModelError
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.inference.onnx_model import ModelIdentity, OnnxModel
from scoring_server.kernels import dtypes
from scoring_server.kernels.block import assess_block, label_block
from scoring_server.kernels.dtypes import (
    EVIDENCE_COUNT,
    KIND_PAYMENT,
    KIND_TRADE,
    REASON_COUNT_MAX,
    WINDOW_COUNT,
)
from scoring_server.kernels.evidence import combine_block, judge_block
from scoring_server.kernels.guard import guard_lookup
from scoring_server.state.shared_table import State

# Numba's own stubs know nothing of a compiled kernel's arguments.
_assess_block: Callable[..., None] = assess_block
_label_block: Callable[..., None] = label_block

ML_THRESHOLD_MIN = 1e-4
MODEL_MISSING = "MODEL_MISSING"
MODEL_SKIPPED = "MODEL_SKIPPED"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the engine makes of a block of n transactions; row i is transaction i.

    Attributes:
        features: catalogue features before the transaction counted, (n, FEATURE_COUNT) float32.
        statistical: score of the statistical detector, (n,) in [0, 1).
        behavioral: score of the behavioral detector, (n,) in [0, 1).
        ml: score of the model, (n,) in [0, 1]; NaN where it took no part.
        risk_score: (n,) in [0, 100].
        severity: (n,) values of the proto enum Severity.
        decision: (n,) values of the proto enum Decision.
        reason_count: (n,) number of reasons.
        reason_index: (n, REASON_COUNT_MAX) lines of the reason table, strongest first.
        reason_contribution: like reason_index; share of all evidence, 0 to 1.
        sequences: (n,) positions in the total order, ascending.
        degraded_reasons: what was left out, by code; empty when nothing was.
        model: the model that took part; None without one.
    """

    features: NDArray[np.float32]
    statistical: NDArray[np.float64]
    behavioral: NDArray[np.float64]
    ml: NDArray[np.float64]
    risk_score: NDArray[np.float64]
    severity: NDArray[np.int8]
    decision: NDArray[np.int8]
    reason_count: NDArray[np.int64]
    reason_index: NDArray[np.int8]
    reason_contribution: NDArray[np.float64]
    sequences: NDArray[np.uint64]
    degraded_reasons: tuple[str, ...]
    model: ModelIdentity | None

    @property
    def first_sequence(self) -> int:
        """Sequence of the first row."""
        return int(self.sequences[0])


class Engine:
    """Assesses transactions and takes labels in; see the module's promise."""

    def __init__(
        self,
        state: State,
        models: ModelSlots | None,
        settings: EngineSettings | None = None,
        worker: int = 0,
    ) -> None:
        """Bind the engine to a state.

        Args:
            state: open state; the engine changes it.
            models: slots whose champion scores; None runs without a model, which is then no fault.
            settings: thresholds and weights; None takes the defaults.
            worker: index of this process among those that share the state.
        """
        self.state = state
        self.models = models
        self.settings = settings or EngineSettings()
        self._weights = self.settings.weights()
        self._severity_thresholds = self.settings.severity_thresholds()
        self._decision_thresholds = self.settings.decision_thresholds()
        self._worker = worker
        self._owner = np.uint64(os.getpid())
        self._scratch = np.zeros((2, WINDOW_COUNT), np.float32)
        # The kind of transaction that the champion says nothing about, and whose it is.
        self._foreign_of: OnnxModel | None = None
        self._foreign: int | None = None

    @property
    def sequence(self) -> int:
        """Sequence of the last event that the state has taken in."""
        return self.state.sequence

    def lookup(self, transactions: NDArray[Any]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        """Return where each transaction was first scored (0: nowhere), and if as the same content.

        Args:
            transactions: TRANSACTION records, shape (n,).
        """
        sequences = np.zeros(len(transactions), np.uint64)
        same_content = np.zeros(len(transactions), np.bool_)
        guard_lookup(
            self.state.tables[0], self.state.tables[-1], transactions, sequences, same_content
        )
        return sequences, same_content

    def assess(self, transactions: NDArray[Any], *, with_model: bool = True) -> Assessment:
        """Assess transactions in order; each one's features are read before the state learns it.

        Args:
            transactions: TRANSACTION records, shape (n,), n >= 1, checked at the edge, none of
                them known to the replay guard.
            with_model: False leaves the model out and says so in `degraded_reasons`.
        """
        n = len(transactions)
        records = np.zeros(n, dtypes.FEATURES)
        sequences = np.zeros(n, np.uint64)
        self._fold(transactions, records, sequences, assign=True)
        features: NDArray[np.float32] = records.view(np.float32).reshape(n, FEATURE_COUNT)
        strengths = np.empty((n, EVIDENCE_COUNT))
        behavioral, statistical = np.empty(n), np.empty(n)
        judge_block(records, transactions, strengths, behavioral, statistical)
        ml, model, degraded = self._ml_scores(features, transactions, with_model=with_model)
        risk_score = np.empty(n)
        severity, decision = np.empty(n, np.int8), np.empty(n, np.int8)
        reason_count = np.empty(n, np.int64)
        reason_index = np.zeros((n, REASON_COUNT_MAX), np.int8)
        reason_contribution = np.zeros((n, REASON_COUNT_MAX))
        combine_block(
            strengths,
            behavioral,
            statistical,
            ml,
            _threshold_of(model),
            self._weights,
            self._severity_thresholds,
            self._decision_thresholds,
            risk_score,
            severity,
            decision,
            reason_count,
            reason_index,
            reason_contribution,
        )
        return Assessment(
            features=features,
            statistical=statistical,
            behavioral=behavioral,
            ml=ml,
            risk_score=risk_score,
            severity=severity,
            decision=decision,
            reason_count=reason_count,
            reason_index=reason_index,
            reason_contribution=reason_contribution,
            sequences=sequences,
            degraded_reasons=degraded,
            model=model,
        )

    def apply_labels(self, labels: NDArray[Any]) -> NDArray[np.uint64]:
        """Let the entities of labelled transactions learn them; return the sequences taken.

        Args:
            labels: LABEL records, shape (n,), in the order in which they became known.
        """
        sequences = np.zeros(len(labels), np.uint64)
        self._fold_labels(labels, sequences, assign=True)
        return sequences

    def replay_transactions(self, transactions: NDArray[Any], sequences: NDArray[Any]) -> None:
        """Let the state learn journaled transactions again, under their old sequences."""
        records = np.zeros(len(transactions), dtypes.FEATURES)
        self._fold(transactions, records, sequences, assign=False)

    def replay_labels(self, labels: NDArray[Any], sequences: NDArray[Any]) -> None:
        """Let the state learn journaled labels again, under their old sequences."""
        self._fold_labels(labels, sequences, assign=False)

    def _fold(
        self,
        transactions: NDArray[Any],
        records: NDArray[Any],
        sequences: NDArray[Any],
        *,
        assign: bool,
    ) -> None:
        _assess_block(
            *self.state.tables,
            transactions,
            records,
            sequences,
            assign,
            self._owner,
            self._worker,
            self._scratch,
        )

    def _fold_labels(self, labels: NDArray[Any], sequences: NDArray[Any], *, assign: bool) -> None:
        _label_block(*self.state.tables[:4], labels, sequences, assign, self._owner, self._worker)

    def _ml_scores(
        self, features: NDArray[np.float32], transactions: NDArray[Any], *, with_model: bool
    ) -> tuple[NDArray[np.float64], ModelIdentity | None, tuple[str, ...]]:
        scores = np.full(len(features), np.nan)
        if self.models is None:
            return scores, None, ()
        champion = self.models.champion
        if champion is None:
            return scores, None, (MODEL_MISSING,)
        if not with_model:
            return scores, None, (MODEL_SKIPPED,)
        try:
            champion.score(features, scores)
        except ModelError as error:
            scores[:] = np.nan
            return scores, None, (error.reason,)
        if champion is not self._foreign_of:
            self._foreign_of, self._foreign = champion, _foreign_kind(champion)
        if self._foreign is not None:
            scores[transactions["kind"] == self._foreign] = np.nan
        return scores, champion.identity, ()


def _threshold_of(model: ModelIdentity | None) -> float:
    """Return the score that counts as one half; a threshold of 0 or 1 would make all or none so."""
    if model is None:
        return 0.5
    return min(max(model.threshold, ML_THRESHOLD_MIN), 1.0 - ML_THRESHOLD_MIN)


def _foreign_kind(model: OnnxModel) -> int | None:
    """Return the kind of transaction that a model says nothing about; None when it is for both."""
    kinds = {FEATURES[name].kind for name in model.identity.features}
    if kinds >= {"payment", "trade"} or kinds == {"both"}:
        return None
    return KIND_TRADE if "payment" in kinds else KIND_PAYMENT
