"""How values were distributed in training, as the server compares them with what it sees."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring_server.inference.manifest import Histogram

# Ten bins are the custom of the population stability index; ties leave fewer.
BIN_COUNT: Final = 10
_DIGITS: Final = 6


def histogram(values: NDArray[Any]) -> Histogram:
    """Return the shares of values between their own deciles.

    Equal deciles become one edge. Values that are all alike leave one edge, above which is nothing.
    """
    wide = values.astype(np.float64)
    edges = np.unique(np.quantile(wide, np.arange(1, BIN_COUNT) / BIN_COUNT, method="lower"))
    # Bin i holds what is above edge i - 1 and up to edge i.
    counts = np.bincount(np.searchsorted(edges, wide, side="left"), minlength=len(edges) + 1)
    return Histogram(
        edges=tuple(edges.tolist()),
        shares=tuple(round(float(share), _DIGITS) for share in counts / len(wide)),
    )
