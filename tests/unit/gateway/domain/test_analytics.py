"""The formulas against slow and obvious twins."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import analytics
from gateway.domain.analytics import AnalyticsRange, Counts, Window
from gateway.domain.performance import DAY, EPOCH, Grain, score_bin

NOW = datetime(2026, 2, 9, 14, 32, 18, tzinfo=UTC)

# Whether it was alerted, and what was said about it.
transactions = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["FRAUD", "LEGITIMATE", ""])), max_size=40
)


def counted(found: list[tuple[bool, str]]) -> Counts:
    return Counts(
        len(found),
        sum(alerted for alerted, _ in found),
        sum(value == "FRAUD" for _, value in found),
        sum(alerted and value == "FRAUD" for alerted, value in found),
        sum(value == "LEGITIMATE" for _, value in found),
        sum(alerted and value == "LEGITIMATE" for alerted, value in found),
    )


@given(found=transactions)
def test_shares_are_those_of_the_transactions(found: list[tuple[bool, str]]) -> None:
    hits = sum(1 for alerted, value in found if alerted and value == "FRAUD")
    alarms = [value for alerted, value in found if alerted]
    frauds = [alerted for alerted, value in found if value == "FRAUD"]
    right = sum(1 for alerted, value in found if alerted == (value == "FRAUD"))
    got = analytics.quality(counted(found))
    expected = {
        "precision": hits / len(alarms) if alarms else None,
        "recall": hits / len(frauds) if frauds else None,
        "accuracy": right / len(found) if found else None,
        "precision_decided": hits / len([v for v in alarms if v]) if any(alarms) else None,
    }
    if alarms or frauds:
        precision, recall = expected["precision"] or 0, expected["recall"] or 0
        both = precision + recall
        expected["f1_score"] = 2 * precision * recall / both if both else 0
    else:
        expected["f1_score"] = None
    for name, value in expected.items():
        assert getattr(got, name) == pytest.approx(100 * (value or 0))
        assert (name in got.undefined) == (value is None)


@given(found=transactions)
def test_the_four_fields_hold_every_transaction_once(found: list[tuple[bool, str]]) -> None:
    counts = counted(found)
    assert counts.true_positives == found.count((True, "FRAUD"))
    assert counts.false_negatives == found.count((False, "FRAUD"))
    assert counts.undecided == found.count((True, ""))
    assert len(found) == (
        counts.true_positives
        + counts.false_positives
        + counts.true_negatives
        + counts.false_negatives
    )


@given(
    scored=st.lists(st.tuples(st.floats(0, 100), st.booleans()), min_size=1, max_size=60),
)
def test_ranking_is_within_its_bound_of_the_exact_area(scored: list[tuple[float, bool]]) -> None:
    frauds = [score for score, fraud in scored if fraud]
    others = [score for score, fraud in scored if not fraud]
    histogram = [(0, 0)] * 101
    for score, fraud in scored:
        count, known = histogram[score_bin(score)]
        histogram[score_bin(score)] = (count + 1, known + fraud)
    got = analytics.ranking(histogram)
    assert got.defined == bool(frauds and others)
    if got.defined:
        wins = sum(
            1.0 if fraud > other else 0.5 if fraud == other else 0.0
            for fraud in frauds
            for other in others
        )
        exact = wins / len(frauds) / len(others)
        assert abs(got.auc_roc - exact) <= got.error_max + 1e-12


@pytest.mark.parametrize(
    ("span", "start", "days"),
    [
        ("24h", datetime(2026, 2, 8, 15, tzinfo=UTC), 1),
        ("7d", datetime(2026, 2, 3, tzinfo=UTC), 7),
        ("30d", datetime(2026, 1, 11, tzinfo=UTC), 30),
        ("90d", datetime(2025, 11, 12, tzinfo=UTC), 90),
    ],
)
def test_a_range_ends_with_the_hour_or_day_of_now(span: str, start: datetime, days: int) -> None:
    window = analytics.window_of(AnalyticsRange(span), NOW, None)
    assert (window.start, window.days) == (start, days)
    assert window.start <= NOW < window.end
    before = window.before()
    assert (before.end, before.days) == (window.start, days)
    assert window.day_starts[0] <= window.start < window.end <= window.day_starts[-1] + DAY


def test_everything_begins_with_the_first_transaction_and_is_bounded() -> None:
    everything = AnalyticsRange.ALL
    assert analytics.window_of(everything, NOW, NOW - 3 * DAY).days == 4
    assert analytics.window_of(everything, NOW, NOW + 3 * DAY).days == 1
    assert analytics.window_of(everything, NOW, None).days == 1
    assert analytics.window_of(everything, NOW, EPOCH).days == analytics.DAYS_MAX


def test_a_range_ends_with_what_there_is_only_when_that_is_older_than_a_day() -> None:
    hour = datetime(2026, 2, 9, 10, tzinfo=UTC)
    assert analytics.as_of(NOW, None) == NOW
    assert analytics.as_of(NOW, hour) == NOW
    old = analytics.as_of(NOW, hour - 30 * DAY)
    assert hour - 30 * DAY < old < hour - 30 * DAY + timedelta(hours=1)
    assert analytics.window_of(AnalyticsRange.DAY, old, None).end == hour - 30 * DAY + timedelta(
        hours=1
    )


def test_growth_from_nothing_is_no_percentage() -> None:
    assert analytics.change_pct(0, 5) is None
    assert analytics.change_pct(0, 0) is None
    assert analytics.change_pct(4, 5) == 25
    assert analytics.change_pct(4, 0) == -100


def test_sum_of_windows_touches_each_day_once() -> None:
    window = Window(Grain.HOUR, NOW.replace(minute=0, second=0), NOW.replace(hour=20))
    assert window.day_starts == [datetime(2026, 2, 9, tzinfo=UTC)]
