"""How far a figure may be chance: the same figure over days drawn again and again."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 200
# The middle 95 %.
LOW, HIGH = 0.025, 0.975


def weighted_average_precision(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """Return the average precision where row i counts weights[i] times; NaN without a fraud."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    # Equal scores are one step of the ranking.
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    found = np.cumsum((labels * weights)[order])[ends]
    seen = np.cumsum(weights[order])[ends]
    if found.size == 0 or found[-1] == 0.0:
        return float("nan")
    gained = np.diff(found, prepend=0.0)
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0.0)
    return float((gained * precision).sum() / found[-1])


def average_precision_draws(
    days: NDArray[Any],
    labels: NDArray[np.bool_],
    scores: NDArray[np.float64],
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the average precision of DRAWS samples of whole days, drawn with replacement.

    Days and not rows are drawn: the frauds of a day are not independent of each other.
    """
    _, day_index = np.unique(days, return_inverse=True)
    day_count = int(day_index.max()) + 1
    drawn = generator.multinomial(day_count, np.full(day_count, 1.0 / day_count), DRAWS)
    return np.array(
        [
            weighted_average_precision(labels, scores, counts[day_index].astype(np.float64))
            for counts in drawn
        ]
    )


def interval(draws: NDArray[np.float64]) -> list[float]:
    """Return the bounds of the middle 95 % of draws; those that are NaN are left out."""
    return [round(float(bound), 6) for bound in np.nanquantile(draws, [LOW, HIGH])]
