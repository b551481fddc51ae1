"""Running location and spread of a stream of logarithms, robust to single outliers.

Mean and variance are exponentially weighted, with weight 1 / n until n reaches the memory, so that
the first values count like a plain average. A value more than CLIP standard deviations away moves
them by CLIP deviations only; an outlier must not widen the very baseline it is measured against.

Source: T. Finch, "Incremental calculation of weighted mean and variance", 2009, section 9;
clipping as in P. Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35(1), 1964.
"""

import math

import numpy as np
from numba import njit

CLIP = 3.0
# Values needed before clipping starts: a baseline of fewer is not one.
CLIP_COUNT_MIN = 8
# Smallest spread that a z score is measured in: 0.15 in logarithms is 16 %, chosen by us so that
# a subscription that never varies does not turn a rounding into an outlier.
LOG_SPREAD_MIN = 0.15
# Pseudo-observations of a spread of 1 (a factor e), so that two equal values are no certainty.
PRIOR_COUNT = 2.0
# An amount of 0, a check that moves no money, counts as one hundredth of a major unit.
AMOUNT_MIN = 0.01


@njit(nogil=True, cache=True)
def amount_log(amount):
    """Return the natural logarithm of an amount of 0 or more."""
    return math.log(max(amount, AMOUNT_MIN))


@njit(nogil=True, cache=True)
def log_z(value, mean, variance, count):
    """Return how far `value` (a logarithm) is from the running mean, in standard deviations.

    0.0 without history; shrunk towards 0 while there is little of it. Cost: O(1).
    """
    if count == 0:
        return 0.0
    spread = math.sqrt((variance * count + PRIOR_COUNT) / (count + PRIOR_COUNT))
    return (value - mean) / max(spread, LOG_SPREAD_MIN)


@njit(nogil=True, cache=True)
def moments_update(value, mean, variance, count, memory):
    """Return mean and variance after `value`, given `count` values before it. Cost: O(1)."""
    if count == 0:
        return value, 0.0
    if count >= CLIP_COUNT_MIN:
        reach = CLIP * max(math.sqrt(variance), LOG_SPREAD_MIN)
        value = min(max(value, mean - reach), mean + reach)
    weight = max(1.0 / np.float64(count + 1), 1.0 / memory)
    difference = value - mean
    step = weight * difference
    return mean + step, (1.0 - weight) * (variance + difference * step)


@njit(nogil=True, cache=True)
def rate_surprise(observed, expected):
    """Return -log10 of a bound on P(N >= observed) for a Poisson N of mean `expected`.

    0.0 when no more came than expected. Cost: O(1).
    Source: H. Chernoff, Ann. Math. Stat. 23(4), 1952; P <= exp(-m) (e m / n)^n.
    """
    if observed <= expected or observed <= 0.0:
        return 0.0
    return (expected - observed + observed * math.log(observed / expected)) / math.log(10.0)
