"""The benchmark's score against answers that are known."""

import math

import numpy as np
import pytest

from scoring_server.evaluation.nab import (
    PEAK_KEPT,
    Series,
    nab_standard,
    news,
    probation_rows,
    row_values,
)


def _windows(length: int, *spans: tuple[int, int]) -> np.ndarray:
    windows = np.zeros(length, np.int64)
    for number, (first, end) in enumerate(spans, 1):
        windows[first:end] = number
    return windows


WINDOWS = _windows(1_000, (400, 450), (700, 760))


def _detections(*rows: int) -> np.ndarray:
    scores = np.zeros(1_000)
    scores[list(rows)] = 1.0
    return scores


def test_perfect_is_100() -> None:
    assert nab_standard([Series(WINDOWS, _detections(400, 700))]).standard == pytest.approx(100.0)


def test_silent_is_0() -> None:
    found = nab_standard([Series(WINDOWS, np.zeros(1_000))])
    assert found.standard == 0.0
    assert found.threshold == math.inf


def test_one_of_two_windows_is_half() -> None:
    found = nab_standard([Series(WINDOWS, _detections(400))])
    assert found.standard == pytest.approx(50.0)
    assert (found.found_count, found.window_count) == (1, 2)


def test_later_in_a_window_is_worth_less_and_more_of_one_window_nothing() -> None:
    early = nab_standard([Series(WINDOWS, _detections(405))]).standard
    late = nab_standard([Series(WINDOWS, _detections(445))]).standard
    both = nab_standard([Series(WINDOWS, _detections(405, 445))]).standard
    assert 25.0 < late < early < 50.0
    assert both == early


def test_a_false_alarm_costs_eleven_hundredths_of_a_window() -> None:
    found = nab_standard([Series(WINDOWS, _detections(200, 400, 700))])
    assert found.standard == pytest.approx(100.0 - 100.0 * 0.11 / 4.0)
    assert found.false_positive_count == 1


def test_just_after_a_window_costs_little_and_far_after_it_all() -> None:
    values = row_values(WINDOWS)
    assert -0.02 < values[450] < 0.0
    assert values[450 + 3 * 50] == -0.11
    assert values[399] == -0.11


def test_probation_is_not_judged() -> None:
    assert probation_rows(1_000) == 150
    assert probation_rows(10_000) == 750
    found = nab_standard([Series(WINDOWS, _detections(3, 149, 400, 700))])
    assert found.standard == pytest.approx(100.0)


def test_one_threshold_holds_for_all_series() -> None:
    # The second series' noise is as loud as the first one's only detection.
    quiet = Series(_windows(1_000, (400, 450)), 0.5 * _detections(400))
    noisy_scores = np.full(1_000, 0.5)
    noisy_scores[700] = 1.0
    noisy = Series(_windows(1_000, (700, 760)), noisy_scores)
    found = nab_standard([quiet, noisy])
    assert found.threshold == 1.0
    assert found.standard == pytest.approx(50.0)


def test_news_is_what_passes_the_fading_peak() -> None:
    # While the third row says less, the peak of 3 fades once.
    told = news(np.array([1.0, 3.0, 2.0, 3.0, 3.0]))
    assert told.tolist() == [1.0, 2.0, 0.0, 3.0 - 3.0 * PEAK_KEPT, 0.0]


def test_news_looks_at_nothing_to_come() -> None:
    scores = np.random.default_rng(3).random(500)
    np.testing.assert_array_equal(news(scores)[:200], news(scores[:200]))
