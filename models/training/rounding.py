"""Rounds inputs before trees are fitted, so that rare extremes keep a place of their own.

scikit-learn cuts a column into 255 bins of equally many rows. Of 67,000 rows the largest 260 are
then one bin, and no tree can tell the very largest amounts from merely large ones. A column of at
most 255 different values is cut between any two of them instead; so each column is rounded to such
values, half of them evenly spaced by rank, half in the tails.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_VALUE_COUNT_MAX: Final = 255
# Log odds of the outermost rank kept apart: one row in 60,000.
_TAIL_LOGIT: Final = 11.0
_TAIL_LEVELS: Final = 1.0 / (1.0 + np.exp(-np.linspace(-_TAIL_LOGIT, _TAIL_LOGIT, 120)))
_LEVELS: Final = np.union1d(_TAIL_LEVELS, np.linspace(0.0, 1.0, 131))


def rounded(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inputs, each column rounded to at most 255 of its own values.

    Args:
        inputs: finite, shape (rows, columns); columns of few values stay as they are.
    """
    result: NDArray[Any] = inputs.copy()
    for column in range(inputs.shape[1]):
        values = inputs[:, column]
        if len(np.unique(values)) > _VALUE_COUNT_MAX:
            kept = np.unique(np.quantile(values, _LEVELS, method="nearest"))
            places = np.searchsorted((kept[1:] + kept[:-1]) / 2.0, values)
            result[:, column] = kept[places]
    return result
