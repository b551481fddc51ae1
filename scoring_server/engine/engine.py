"""The hot path: a block of transactions through state, features, detectors, model and risk.

One implementation serves live calls, backtests and training, so that they cannot drift apart. The
engine knows no transport and no journal, and is not thread-safe: its caller serialises.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURES
from scoring_server.clock import monotonic_ns
from scoring_server.engine.assessment import Assessment, Known, matrix_of
from scoring_server.engine.model_time import ModelTime
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.errors import ModelError
from scoring_server.inference.model_slots import ModelSlots
from scoring_server.inference.onnx_model import ModelIdentity, OnnxModel
from scoring_server.kernels import block, dtypes
from scoring_server.kernels.combine import combine_block
from scoring_server.kernels.dtypes import KIND_PAYMENT, KIND_TRADE, WINDOW_COUNT
from scoring_server.kernels.guard import guard_lookup
from scoring_server.kernels.judge_again import judge_block
from scoring_server.rules.rule_set import RuleSet
from scoring_server.state.block_notes import BlockNotes
from scoring_server.state.dead_worker import owner_word
from scoring_server.state.shared_table import State

# Numba's own stubs know nothing of a compiled kernel's arguments.
_assess_block: Callable[..., None] = block.assess_block
_assess_block_shared: Callable[..., None] = block.assess_block_shared
_label_block: Callable[..., None] = block.label_block
_label_block_shared: Callable[..., None] = block.label_block_shared
_judge_block: Callable[..., None] = judge_block
_guard_lookup: Callable[..., bool] = guard_lookup
# Of the scratch memory that finds equal ids in a block.
_PLACES_A_ROW = 4

ML_THRESHOLD_MIN = 1e-4
MODEL_MISSING = "MODEL_MISSING"
MODEL_SKIPPED = "MODEL_SKIPPED"


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
        self._rule_limits = self.settings.rule_limits()
        self.rules: RuleSet | None = None
        self.model_time = ModelTime()
        self._worker = worker
        self._owner = owner_word(worker)
        state.workers[worker : worker + 1]["owner"] = self._owner
        self._scratch = np.zeros((2, WINDOW_COUNT), np.float32)
        self._places = np.empty(0, np.int64)
        # The kind of transaction that the champion says nothing about, and whose it is.
        self._foreign_of: OnnxModel | None = None
        self._foreign: int | None = None

    @property
    def sequence(self) -> int:
        """Sequence of the last event that the state has taken in."""
        return self.state.sequence

    def use_rules(self, rules: RuleSet | None) -> None:
        """Ask these user rules from the next block on. Any thread may call it."""
        self.rules = rules

    def lookup(self, transactions: NDArray[Any]) -> Known:
        """Return where each transaction was scored first.

        Args:
            transactions: TRANSACTION records, shape (n,), n >= 1.
        """
        n = len(transactions)
        sequences = np.empty(n, np.uint64)
        same_content = np.empty(n, np.bool_)
        if len(self._places) < _PLACES_A_ROW * n:
            self._places = np.empty(_PLACES_A_ROW * n, np.int64)
        tables = self.state.tables
        are_new = _guard_lookup(
            tables[0], tables[-1], transactions, sequences, same_content, self._places
        )
        return Known(sequences, same_content, are_new)

    def assess(
        self,
        transactions: NDArray[Any],
        *,
        with_model: bool = True,
        notes: BlockNotes | None = None,
    ) -> Assessment:
        """Assess transactions in order; each one's features are read before the state learns it.

        Args:
            transactions: TRANSACTION records, shape (n,), n >= 1, checked at the edge, none of
                them known to the replay guard.
            with_model: False leaves the model out and says so in `degraded_reasons`.
            notes: where a worker's heir will find how far it came, see Seat; None notes nothing.
        """
        n = len(transactions)
        if notes is None:
            records, sequences = np.empty(n, dtypes.FEATURES), np.zeros(n, np.uint64)
        else:
            records, sequences = notes.records[:n], notes.sequences[:n]
        # Zeros, because what is beyond the last reason is not written.
        judgements = np.zeros(n, dtypes.JUDGEMENT)
        self._fold(transactions, records, judgements, sequences, assign=True)
        if notes is not None:
            # The next block overwrites them.
            records, sequences = records.copy(), sequences.copy()
        return self._combined(transactions, records, judgements, sequences, with_model=with_model)

    def judge_again(
        self, transactions: NDArray[Any], records: NDArray[Any], sequences: NDArray[np.uint64]
    ) -> Assessment:
        """Assess transactions that the state has learnt, from the features it had for them.

        Args:
            transactions: TRANSACTION records, shape (n,), n >= 1.
            records: FEATURES records, (n,).
            sequences: that they got, (n,).
        """
        judgements = np.zeros(len(transactions), dtypes.JUDGEMENT)
        _judge_block(records, transactions, judgements)
        return self._combined(transactions, records, judgements, sequences, with_model=True)

    def _combined(
        self,
        transactions: NDArray[Any],
        records: NDArray[Any],
        judgements: NDArray[Any],
        sequences: NDArray[np.uint64],
        *,
        with_model: bool,
    ) -> Assessment:
        features = matrix_of(records)
        ml, model, degraded = self._ml_scores(features, transactions, with_model=with_model)
        combine_block(
            judgements,
            ml,
            threshold_of(model),
            self._weights,
            self._severity_thresholds,
            self._decision_thresholds,
        )
        rules = self.rules
        if rules is not None:
            rules.run(self._rule_limits, features, transactions, sequences, judgements)
        return Assessment(records, judgements, ml, sequences, degraded, model, rules)

    def apply_labels(
        self, labels: NDArray[Any], notes: BlockNotes | None = None
    ) -> NDArray[np.uint64]:
        """Let the entities of labelled transactions learn them; return the sequences taken.

        Args:
            labels: LABEL records, shape (n,), in the order in which they became known.
            notes: as in `assess`.
        """
        n = len(labels)
        sequences = np.zeros(n, np.uint64) if notes is None else notes.sequences[:n]
        self._fold_labels(labels, sequences, assign=True)
        return sequences.copy()

    def replay_transactions(self, transactions: NDArray[Any], sequences: NDArray[Any]) -> None:
        """Let the state learn journaled transactions again, under their old sequences."""
        records = np.empty(len(transactions), dtypes.FEATURES)
        judgements = np.empty(len(transactions), dtypes.JUDGEMENT)
        self._fold(transactions, records, judgements, sequences, assign=False)

    def replay_labels(self, labels: NDArray[Any], sequences: NDArray[Any]) -> None:
        """Let the state learn journaled labels again, under their old sequences."""
        self._fold_labels(labels, sequences, assign=False)

    def _fold(
        self,
        transactions: NDArray[Any],
        records: NDArray[Any],
        judgements: NDArray[Any],
        sequences: NDArray[Any],
        *,
        assign: bool,
    ) -> None:
        rows = (transactions, records, judgements, sequences, assign)
        arguments = (*self.state.tables, *rows, self._owner, self._worker, self._scratch)
        if len(self.state.workers):
            _assess_block_shared(*arguments, self.state.workers)
        else:
            _assess_block(*arguments)

    def _fold_labels(self, labels: NDArray[Any], sequences: NDArray[Any], *, assign: bool) -> None:
        rows = (labels, sequences, assign)
        arguments = (*self.state.tables[:4], *rows, self._owner, self._worker)
        if len(self.state.workers):
            _label_block_shared(*arguments, self.state.workers)
        else:
            _label_block(*arguments)

    def _ml_scores(
        self, features: NDArray[np.float32], transactions: NDArray[Any], *, with_model: bool
    ) -> tuple[NDArray[np.float64], ModelIdentity | None, tuple[str, ...]]:
        scores = np.empty(len(features))
        champion = None if self.models is None else self.models.lineup.scoring(transactions)
        if champion is None or not with_model:
            scores.fill(np.nan)
            if self.models is None:
                return scores, None, ()
            self.model_time.skipped()
            return scores, None, (MODEL_MISSING if champion is None else MODEL_SKIPPED,)
        began_ns = monotonic_ns()
        try:
            champion.score(features, scores)
        except ModelError as error:
            scores[:] = np.nan
            return scores, None, (error.reason,)
        finally:
            self.model_time.took(began_ns)
        if champion is not self._foreign_of:
            self._foreign_of, self._foreign = champion, _foreign_kind(champion)
        if self._foreign is not None:
            scores[transactions["kind"] == self._foreign] = np.nan
        return scores, champion.identity, ()


def threshold_of(model: ModelIdentity | None) -> float:
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
