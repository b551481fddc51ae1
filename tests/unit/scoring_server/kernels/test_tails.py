import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring_server.kernels.tails import TAIL_COUNT_MIN, TAIL_SHARE, tail_surprise, tail_update


def learned(values):
    """Quantile, excess and the surprise of each value before it was learned."""
    quantile = excess = 0.0
    surprises = []
    for count, value in enumerate(values):
        surprises.append(tail_surprise(value, quantile, excess, count))
        quantile, excess = tail_update(value, quantile, excess, count)
    return quantile, excess, np.array(surprises)


@pytest.mark.parametrize("seed", range(5))
def test_a_surprise_says_the_share_of_values_that_are_as_large(seed):
    # Exponential in both tails, so that the true share is known: exp(-x) / 2.
    values = np.random.default_rng(seed).laplace(size=60_000)
    quantile, excess, surprises = learned(values)
    # The step leaves the quantile some noise; 20 % of the spread is far less than a factor.
    assert quantile == pytest.approx(-math.log(2 * TAIL_SHARE), abs=0.5)
    assert excess == pytest.approx(1.0, abs=0.35)
    late = surprises[20_000:]
    assert (late > 0).mean() == pytest.approx(TAIL_SHARE, rel=0.1)
    for level in (2.5, 3.0):
        assert (late >= level).mean() == pytest.approx(10**-level, rel=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_the_quantile_follows_the_sorted_values(seed):
    values = np.random.default_rng(seed).normal(3.0, 0.7, 30_000)
    quantile, _, _ = learned(values)
    share = (values > quantile).mean()
    assert share == pytest.approx(TAIL_SHARE, rel=0.4)


def test_nothing_is_said_before_enough_was_seen():
    values = np.arange(1.0, TAIL_COUNT_MIN)
    assert (learned(values)[2] == 0.0).all()


def test_equal_values_are_no_surprise_and_leave_a_spread():
    quantile, excess, surprises = learned(np.full(5_000, 1.5))
    assert (surprises == 0.0).sum() > 4_900
    assert quantile == pytest.approx(1.5, abs=0.05)
    assert excess > 0.0


def test_one_huge_value_moves_the_tail_by_little():
    quantile, excess, _ = learned(np.random.default_rng(1).laplace(size=20_000))
    after = tail_update(1e6, quantile, excess, 20_000)
    assert after[0] - quantile < 0.1
    assert after[1] < 1.05 * excess


@given(st.lists(st.floats(-50, 50), max_size=300), st.floats(-50, 50), st.floats(0, 50))
def test_larger_is_never_less_surprising_and_never_nan(values, value, more):
    quantile, excess, _ = learned(values)
    count = len(values)
    less = tail_surprise(value, quantile, excess, count)
    assert 0.0 <= less <= tail_surprise(value + more, quantile, excess, count) < math.inf
