"""The upper tail of a stream of values: how rare is one that large?

A quantile that one value in TAIL_SHARE passes is followed by stochastic approximation, and beyond
it the values are taken to fall off exponentially, with the running mean of their excess. So a few
numbers tell how rare a value is, also one that was never reached before, in the stream's own terms.

Source: A. Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017, with
an exponential tail in place of a generalised Pareto; H. Robbins and S. Monro, "A stochastic
approximation method", Ann. Math. Stat. 22(3), 1951.
"""

import math

import numpy as np
from numba import njit

# One value in a hundred is in the tail. Chosen by us: fewer are learned too slowly.
TAIL_SHARE = 0.01
# Values that must have been seen before anything is said: one in the tail.
TAIL_COUNT_MIN = 1.0 / TAIL_SHARE
# Step of the quantile in mean excesses; larger in the beginning, when it is far away.
STEP = 0.05
STEP_COUNT = 50.0
# Values of the tail that the mean excess remembers.
EXCESS_MEMORY = 200.0
# Values of the tail before an excess may no longer be more than three times the mean.
CLIP_COUNT_MIN = 8.0
CLIP = 3.0
# A tail of logarithms falls off by e in 2 % at least, so that equal values are no certainty.
EXCESS_MIN = 0.02
# The excess to begin with: a factor e.
EXCESS_PRIOR = 1.0


@njit(nogil=True, cache=True)
def tail_surprise(value, quantile, excess, count):
    """Return -log10 of the share of values that are at least as large; 0.0 outside the tail.

    Args:
        value: finite.
        quantile: as tail_update left it, like `excess`.
        excess: 0.0 while no value has been learned.
        count: values that the stream has had.

    Cost: O(1).
    """
    if count < TAIL_COUNT_MIN or excess == 0.0 or value <= quantile:
        return 0.0
    return ((value - quantile) / excess - math.log(TAIL_SHARE)) / math.log(10.0)


@njit(nogil=True, cache=True)
def tail_update(value, quantile, excess, count):
    """Return quantile and mean excess after `value`, given `count` values before it. O(1)."""
    if excess == 0.0:
        return value, EXCESS_PRIOR
    step = max(STEP, min(1.0, STEP_COUNT / np.float64(count + 1))) * excess
    if value <= quantile:
        return quantile - step * TAIL_SHARE, excess
    over = value - quantile
    seen = np.float64(count) * TAIL_SHARE
    if seen >= CLIP_COUNT_MIN:
        over = min(over, CLIP * excess)
    weight = max(1.0 / (2.0 + seen), 1.0 / EXCESS_MEMORY)
    moved = max(excess + weight * (over - excess), EXCESS_MIN)
    return quantile + step * (1.0 - TAIL_SHARE), moved
