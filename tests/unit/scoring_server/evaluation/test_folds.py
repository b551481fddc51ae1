"""A fold never sees the future, and leaves out accounts that would have been blocked."""

import numpy as np
import pytest

from scoring_server.errors import InvalidArgumentError
from scoring_server.evaluation.folds import (
    Span,
    cut_fold,
    day_of,
    holdout_span,
    iso_of,
    weekly_spans,
)

# One row a day for 21 days, then rows of accounts that matter.
DAYS = np.arange(21)
SPAN = Span(0)


def _fold_labels(*frauds: int) -> np.ndarray:
    labels = np.zeros(21, np.int8)
    labels[list(frauds)] = 1
    return labels


def test_cut_fold_trains_on_one_week_and_tests_two_weeks_later() -> None:
    fold = cut_fold(SPAN, DAYS, DAYS, _fold_labels(2, 16))
    assert fold.train.tolist() == list(range(7))
    assert fold.test.tolist() == list(range(14, 21))


def test_cut_fold_leaves_out_accounts_compromised_in_the_training_days() -> None:
    accounts = DAYS.copy()
    accounts[15] = 2
    fold = cut_fold(SPAN, DAYS, accounts, _fold_labels(2, 16))
    assert fold.test.tolist() == [14, 16, 17, 18, 19, 20]


def test_cut_fold_learns_of_a_fraud_when_the_delay_has_passed() -> None:
    # The fraud of day 8 is known when day 16 begins, and not yet on day 15.
    accounts = DAYS.copy()
    accounts[[8, 15, 16]] = 100
    fold = cut_fold(SPAN, DAYS, accounts, _fold_labels(2, 8, 15, 18))
    assert fold.test.tolist() == [14, 15, 17, 18, 19, 20]


def test_cut_fold_leaves_out_rows_without_a_label() -> None:
    labels = _fold_labels(2, 16)
    labels[[3, 17]] = -1
    fold = cut_fold(SPAN, DAYS, DAYS, labels)
    assert 3 not in fold.train
    assert 17 not in fold.test


@pytest.mark.parametrize("frauds", [(2,), (16,), ()])
def test_cut_fold_without_frauds_in_a_part_is_refused(frauds: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArgumentError, match="1970-01-01"):
        cut_fold(SPAN, DAYS, DAYS, _fold_labels(*frauds))


def test_weekly_spans_hold_whole_weeks_only() -> None:
    assert weekly_spans(np.arange(21)) == []
    assert weekly_spans(np.arange(22)) == [Span(1)]
    assert weekly_spans(np.arange(29)) == [Span(1), Span(8)]


def test_holdout_span_covers_all_days() -> None:
    span = holdout_span(np.arange(100, 137))
    assert (span.first_day, span.train_days, span.test_first_day, span.end_day) == (
        100,
        21,
        128,
        137,
    )


def test_holdout_span_of_a_short_history_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="10 days"):
        holdout_span(np.arange(8))


def test_days_are_iso_dates() -> None:
    assert iso_of(day_of("2018-07-25")) == "2018-07-25"
    with pytest.raises(InvalidArgumentError, match="soon"):
        day_of("soon")
