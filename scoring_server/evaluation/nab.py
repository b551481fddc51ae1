"""The score of the Numenta Anomaly Benchmark, standard profile.

A detection inside a labelled window earns up to 1, more the earlier it is, and only the best one of
a window counts. A detection elsewhere costs up to 0.11, less just after a window. A window without
a detection costs 1. The sum is put between the detector that says nothing (0) and the perfect one
(100). One threshold holds for all series: the one that suits them best, as the benchmark has it.

Source: Lavin and Ahmad 2015, Evaluating Real-time Anomaly Detection Algorithms, IEEE ICMLA; the
    constants are those of the benchmark's own scorer.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

FALSE_POSITIVE_COST: Final = 0.11
MISS_COST: Final = 1.0
PROBATION_RATIO: Final = 0.15
PROBATION_ROWS_MAX: Final = 750
# What a peak keeps a row. Chosen by us: half is forgotten in about as many rows as probation has.
PEAK_KEPT: Final = 0.999
# Beyond this many window widths a detection has nothing to do with the window.
_REACH: Final = 3.0


class Series(NamedTuple):
    """One series and what a detector made of it.

    Attributes:
        windows: 0 normal, k inside the k-th labelled window, in time order.
        scores: higher is more anomalous, finite; like windows.
    """

    windows: NDArray[np.int64]
    scores: NDArray[np.float64]


class NabScore(NamedTuple):
    """How well a detector did.

    Attributes:
        standard: 0 for saying nothing, 100 for perfect, negative for worse than nothing.
        threshold: the score from which a row is a detection; infinite when silence is best.
        window_count: windows there are.
        found_count: windows with a detection.
        false_positive_count: detections outside windows.
    """

    standard: float
    threshold: float
    window_count: int
    found_count: int
    false_positive_count: int


def nab_standard(series: Sequence[Series]) -> NabScore:
    """Return the standard-profile score over all series, at their best common threshold."""
    values: list[NDArray[np.float64]] = []
    windows: list[NDArray[np.int64]] = []
    scores: list[NDArray[np.float64]] = []
    window_count = 0
    for one in series:
        start = probation_rows(len(one.windows))
        inside = one.windows > 0
        values.append(row_values(one.windows)[start:])
        # Windows are numbered over all series; 0 stays normal.
        windows.append(np.where(inside, one.windows + window_count, 0)[start:])
        scores.append(one.scores[start:])
        window_count += int(one.windows.max(initial=0))
    return _sweep(
        np.concatenate(values), np.concatenate(windows), np.concatenate(scores), window_count
    )


def news(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much each score of a series passes the fading peak of those before it.

    A detector that stays loud tells one thing, not a hundred. Row i depends on rows up to i only.

    Args:
        scores: of one series in time order, 0 or more.
    """
    told = np.zeros(len(scores))
    peak = 0.0
    for row, score in enumerate(scores.tolist()):
        told[row] = max(0.0, score - peak)
        peak = max(peak * PEAK_KEPT, score)
    return told


def probation_rows(row_count: int) -> int:
    """Return how many rows at the start of a series are for learning and are not judged."""
    return min(math.floor(PROBATION_RATIO * row_count), PROBATION_ROWS_MAX)


def row_values(windows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what a detection at each row is worth: up to 1 in a window, down to -0.11 outside."""
    values = np.full(len(windows), -FALSE_POSITIVE_COST)
    for number in range(1, int(windows.max(initial=0)) + 1):
        rows = np.flatnonzero(windows == number)
        if rows.size == 0:
            continue
        first, last = int(rows[0]), int(rows[-1])
        width = last - first + 1
        position = -(last - rows + 1) / width
        values[rows] = _sigmoid(position) / _sigmoid(np.array([-1.0]))
        after = np.arange(last + 1, len(windows))
        past = (after - last) / max(width - 1, 1)
        worth = np.where(past > _REACH, -1.0, _sigmoid(np.minimum(past, _REACH)))
        values[after] = FALSE_POSITIVE_COST * worth
    return values


def _sigmoid(position: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = 2.0 / (1.0 + np.exp(5.0 * position)) - 1.0
    return scaled


def _sweep(
    values: NDArray[np.float64],
    windows: NDArray[np.int64],
    scores: NDArray[np.float64],
    window_count: int,
) -> NabScore:
    """Lower the threshold row by row, and keep the best sum."""
    earned = np.full(window_count + 1, -MISS_COST)
    total = -MISS_COST * window_count
    found_count = false_count = 0
    best = NabScore(total, math.inf, window_count, 0, 0)
    order = np.argsort(-scores, kind="stable")
    for place, row in enumerate(order.tolist()):
        window = int(windows[row])
        if window == 0:
            total += float(values[row])
            false_count += 1
        elif values[row] > earned[window]:
            found_count += int(earned[window] == -MISS_COST)
            total += float(values[row] - earned[window])
            earned[window] = values[row]
        # Rows of equal score are detections together or not at all.
        is_step = place + 1 == len(order) or scores[order[place + 1]] < scores[row]
        if is_step and total > best.standard:
            best = NabScore(total, float(scores[row]), window_count, found_count, false_count)
    silent, perfect = -MISS_COST * window_count, float(window_count)
    standard = 100.0 * (best.standard - silent) / max(perfect - silent, 1.0)
    return best._replace(standard=standard)
