"""How far features and score have moved from the training snapshot of the champion's manifest.

Counts per bin over windows that follow each other; at the end of each window the population
stability index and the Kolmogorov-Smirnov distance over the bins' edges are known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_INDEX
from scoring_server.inference.onnx_model import OnnxModel

# Chosen by us: whatever shifts is seen after at most two windows, 10,000 transactions. Without any
# shift the index of ten bins is near (10 - 1) / 5,000, a hundredth of the alarm.
WINDOW_ROWS = 5_000
# The usual limit of "significant": Siddiqi 2006, Credit Risk Scorecards, chapter 13.
ALARM_PSI = 0.2
# A bin that one side leaves empty counts as half a transaction, so that no logarithm is infinite.
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Drift:
    """What the last full window says of one feature, or of the score.

    Attributes:
        feature: catalogue name, or `score`.
        psi: population stability index, 0 for no difference.
        ks: largest distance of the two distributions at a bin's edge, 0 to 1.
        rows: transactions of the window; 0 before the first is full.
    """

    feature: str
    psi: float
    ks: float
    rows: int

    @property
    def is_alarm(self) -> bool:
        """Whether it has moved further than chance does."""
        return self.psi >= ALARM_PSI


class DriftMeter:
    """Measures one model's drift. Its caller serialises.

    Args:
        model: whose manifest has a snapshot, or has none; then nothing is measured.
    """

    def __init__(self, model: OnnxModel) -> None:
        snapshot = model.manifest.snapshot or {}
        self._names = tuple(snapshot)
        self._columns = [FEATURE_INDEX.get(name) for name in self._names]
        self._edges = [np.array(each.edges) for each in snapshot.values()]
        self._shares = [np.array(each.shares) for each in snapshot.values()]
        self._counts = [np.zeros(len(each), np.int64) for each in self._shares]
        self._rows = 0
        self.found = [Drift(name, 0.0, 0.0, 0) for name in self._names]

    def take(self, features: NDArray[np.float32], scores: NDArray[np.float64]) -> None:
        """Count rows of catalogue features, and the model's scores of them."""
        start = 0
        while self._names and start < len(features):
            stop = min(len(features), start + WINDOW_ROWS - self._rows)
            for place, column in enumerate(self._columns):
                values = scores[start:stop] if column is None else features[start:stop, column]
                # Bin i holds edges[i - 1] < value <= edges[i].
                bins = np.searchsorted(self._edges[place], values, side="left")
                self._counts[place] += np.bincount(bins, minlength=len(self._shares[place]))
            self._rows += stop - start
            start = stop
            if self._rows == WINDOW_ROWS:
                self._close()

    def _close(self) -> None:
        self.found = [
            Drift(name, *distances(counts, shares), self._rows)
            for name, counts, shares in zip(self._names, self._counts, self._shares, strict=True)
        ]
        for counts in self._counts:
            counts.fill(0)
        self._rows = 0


def distances(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> tuple[float, float]:
    """Return population stability index and Kolmogorov-Smirnov distance of binned values."""
    rows = counts.sum()
    seen = counts / rows
    ks = float(np.abs(np.cumsum(seen) - np.cumsum(shares)).max())
    least = _HALF / rows
    seen, expected = np.maximum(seen, least), np.maximum(shares, least)
    return float(((seen - expected) * np.log(seen / expected)).sum()), ks
