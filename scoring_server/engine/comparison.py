"""Compares shadows with what was answered, and measures drift, off the hot path.

Who scores leaves a copy of each block in a queue; a thread takes it from there. When it cannot keep
up, blocks are left out and counted, and nobody waits.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import structlog
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_COUNT
from scoring_server.engine.drift import Drift, DriftMeter
from scoring_server.engine.risk import EngineSettings
from scoring_server.inference.errors import ModelError
from scoring_server.inference.model_slots import Lineup, ModelSlots
from scoring_server.inference.onnx_model import OnnxModel
from scoring_server.kernels.combine import combine_block

_log = structlog.get_logger(__name__)

# Chosen by us: some seconds of the highest rate, and at most some ten megabytes.
ROWS_WAITING_MAX = 50_000
_THRESHOLD_MIN = 1e-4
_Notify = Callable[[], None]


@dataclass(slots=True)
class Compared:
    """A shadow beside what was answered, since it is a shadow of this process.

    Attributes:
        transactions: that were scored by both.
        alerts: raised by the answers.
        gained: alerts that the shadow would have raised beside them.
        lost: alerts that it would not have raised.
        failed: transactions that it could not score.
        difference: sum of the absolute differences of the two scores.
    """

    transactions: int = 0
    alerts: int = 0
    gained: int = 0
    lost: int = 0
    failed: int = 0
    difference: float = 0.0


class _Block(NamedTuple):
    features: NDArray[np.float32]
    judgements: NDArray[Any]
    ml: NDArray[np.float64]


class Comparison:
    """The queue and the thread behind it.

    Attributes:
        skipped: transactions that were left out.

    Args:
        slots: whose shadows are compared.
        settings: thresholds and weights of the engine.
    """

    def __init__(self, slots: ModelSlots, settings: EngineSettings) -> None:
        self._slots = slots
        self._settings = settings
        self._weights = settings.weights()
        self._severity_thresholds = settings.severity_thresholds()
        self._decision_thresholds = settings.decision_thresholds()
        self._queue: queue.SimpleQueue[_Block | _Notify | None] = queue.SimpleQueue()
        self._waiting = 0
        self._compared: dict[OnnxModel, Compared] = {}
        self._meter: tuple[OnnxModel | None, DriftMeter | None] = (None, None)
        self._alarmed: set[str] = set()
        self.skipped = 0
        self._thread = threading.Thread(target=self._run, name="model-comparison", daemon=True)

    def start(self) -> None:
        """Begin to compare."""
        self._thread.start()

    def stop(self) -> None:
        """Compare what waits, then stop."""
        self._queue.put(None)
        self._thread.join()

    def offer(self, records: NDArray[Any], judgements: NDArray[Any], ml: NDArray[Any]) -> None:
        """Take a block that was answered, if anybody wants to know; never waits.

        One caller at a time; the arrays may be changed afterwards.
        """
        lineup = self._slots.lineup
        champion = lineup.champion
        if not lineup.shadows and (champion is None or not champion.manifest.snapshot):
            return
        rows = len(records)
        if self._waiting + rows > ROWS_WAITING_MAX:
            self.skipped += rows
            return
        self._waiting += rows
        features = records.copy().view(np.float32).reshape(rows, FEATURE_COUNT)
        self._queue.put(_Block(features, judgements.copy(), ml.copy()))

    def settle(self) -> None:
        """Return once what was offered so far is compared."""
        done = threading.Event()
        self._queue.put(done.set)
        done.wait()

    def of(self, model: OnnxModel) -> Compared:
        """Return how a shadow compares so far."""
        return self._compared.get(model, Compared())

    def drifts(self) -> list[Drift]:
        """Return how far the champion's features and score have moved; empty without snapshot."""
        meter = self._meter[1]
        return [] if meter is None else meter.found

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, _Block):
                try:
                    self._take(item, self._slots.lineup)
                except Exception:  # noqa: BLE001 - comparing must never end for one block
                    _log.exception("comparison_failed")
                self._waiting -= len(item.features)
            else:
                item()

    def _take(self, block: _Block, lineup: Lineup) -> None:
        scored = ~np.isnan(block.ml)
        block = _Block(block.features[scored], block.judgements[scored], block.ml[scored])
        if not len(block.ml):
            return
        for shadow in lineup.shadows:
            self._compare(shadow, block)
        for gone in set(self._compared) - set(lineup.shadows):
            del self._compared[gone]
        champion = lineup.champion
        if champion is not None and champion is not self._meter[0]:
            self._meter = champion, DriftMeter(champion)
        meter = self._meter[1]
        if meter is not None:
            meter.take(block.features, block.ml)
            self._tell(meter.found)

    def _compare(self, shadow: OnnxModel, block: _Block) -> None:
        compared = self._compared.setdefault(shadow, Compared())
        scores = np.empty(len(block.ml))
        try:
            shadow.score(block.features, scores)
        except ModelError:
            compared.failed += len(scores)
            return
        judgements = block.judgements.copy()
        threshold = min(max(shadow.identity.threshold, _THRESHOLD_MIN), 1.0 - _THRESHOLD_MIN)
        combine_block(
            judgements,
            scores,
            threshold,
            self._weights,
            self._severity_thresholds,
            self._decision_thresholds,
        )
        least = self._settings.alert_threshold
        answered, would = block.judgements["risk_score"] >= least, judgements["risk_score"] >= least
        compared.transactions += len(scores)
        compared.alerts += int(answered.sum())
        compared.gained += int((would & ~answered).sum())
        compared.lost += int((answered & ~would).sum())
        compared.difference += float(np.abs(scores - block.ml).sum())

    def _tell(self, found: list[Drift]) -> None:
        alarmed = {each.feature for each in found if each.is_alarm}
        for each in found:
            if each.feature in alarmed - self._alarmed:
                _log.warning("drift", feature=each.feature, psi=round(each.psi, 3))
        self._alarmed = alarmed
