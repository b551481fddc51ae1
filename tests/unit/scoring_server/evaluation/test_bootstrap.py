"""Drawn days give the same average precision as scikit-learn gives on the repeated rows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scoring_server.evaluation.bootstrap import (
    average_precision_draws,
    interval,
    weighted_average_precision,
)
from scoring_server.evaluation.metrics import average_precision

_ROWS = 30


@settings(max_examples=200, deadline=None)
@given(
    hnp.arrays(np.bool_, _ROWS),
    # Few values, so that many scores are equal.
    hnp.arrays(np.float64, _ROWS, elements=st.sampled_from([0.0, 0.1, 0.5, 0.9])),
    hnp.arrays(np.int64, _ROWS, elements=st.integers(0, 3)),
)
def test_weights_are_repetitions(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray
) -> None:
    repeated = np.repeat(np.arange(_ROWS), weights)
    expected = average_precision(labels[repeated], scores[repeated])
    found = weighted_average_precision(labels, scores, weights.astype(np.float64))
    if not np.isnan(expected):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_without_a_fraud_there_is_no_figure() -> None:
    assert np.isnan(weighted_average_precision(np.zeros(3, np.bool_), np.ones(3), np.ones(3)))


def test_a_single_day_leaves_no_doubt() -> None:
    labels = np.array([True, False, True, False])
    scores = np.array([0.9, 0.8, 0.7, 0.1])
    draws = average_precision_draws(np.zeros(4), labels, scores, np.random.default_rng(0))
    exact = round(average_precision(labels, scores), 6)
    assert interval(draws) == [exact, exact]
