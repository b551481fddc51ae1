from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import feedback
from gateway.domain.alert import DecisionRecord
from gateway.domain.enumerations import CaseDecision
from gateway.domain.feedback import FeedbackDecision, FeedbackRange, Period

NOW = datetime(2026, 3, 31, 14, 32, 18, tzinfo=UTC)


def decided(decision: CaseDecision, at: datetime = NOW, analyst: str = "ann") -> DecisionRecord:
    return DecisionRecord("dec_1", "alr_1", decision, "", analyst, None, at)


@pytest.mark.parametrize(
    ("span", "start"),
    [
        (FeedbackRange.DAY, datetime(2026, 3, 30, 15, tzinfo=UTC)),
        (FeedbackRange.WEEK, datetime(2026, 3, 25, tzinfo=UTC)),
        (FeedbackRange.MONTH, datetime(2026, 3, 2, tzinfo=UTC)),
        (FeedbackRange.QUARTER, datetime(2026, 1, 1, tzinfo=UTC)),
        (FeedbackRange.ALL, None),
    ],
)
def test_range_starts_with_a_whole_hour_or_day(span: FeedbackRange, start: datetime | None) -> None:
    assert feedback.start_of(span, NOW) == start


@given(
    st.lists(
        st.tuples(
            st.sampled_from(CaseDecision),
            st.timedeltas(min_value=timedelta(), max_value=timedelta(days=120)),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.sampled_from(FeedbackRange),
)
def test_counts_of_a_range_are_those_of_its_decisions(
    made: list[tuple[CaseDecision, timedelta, bool]], span: FeedbackRange
) -> None:
    since = feedback.start_of(span, NOW)
    changes = []
    for decision, age, withdrawn in made:
        record = decided(decision, NOW - age)
        changes += feedback.counts(record, decided=1, withdrawn=0)
        if withdrawn:
            changes += feedback.counts(record, decided=0, withdrawn=1)
    found = [
        each
        for each in feedback.added_up(changes)
        if each.period is feedback.period_of(span) and (since is None or each.start >= since)
    ]
    inside = [
        (decision, withdrawn)
        for decision, age, withdrawn in made
        if decision is not CaseDecision.REVIEW and (since is None or NOW - age >= since)
    ]
    summary = feedback.summary(found, 10, since)
    assert summary.total_resolutions == sum(not withdrawn for _, withdrawn in inside)
    assert summary.confirmed_frauds == inside.count((CaseDecision.FRAUD, False))
    assert summary.false_positives == inside.count((CaseDecision.LEGITIMATE, False))
    assert summary.withdrawn == sum(withdrawn for _, withdrawn in inside)
    assert feedback.listed(found, None) == len(inside)
    assert feedback.listed(found, FeedbackDecision.FRAUD) == sum(
        decision is CaseDecision.FRAUD for decision, _ in inside
    )


def test_review_is_not_counted() -> None:
    assert feedback.counts(decided(CaseDecision.REVIEW), decided=1, withdrawn=0) == []
    assert {
        each.period for each in feedback.counts(decided(CaseDecision.FRAUD), decided=1, withdrawn=0)
    } == set(Period)


def test_rate_without_alerts_is_zero_and_above_hundred_while_old_ones_are_worked_off() -> None:
    found = feedback.counts(decided(CaseDecision.FRAUD), decided=3, withdrawn=0)[:1]
    assert feedback.summary(found, 0, None).resolution_rate == 0.0
    assert feedback.summary(found, 2, None).resolution_rate == 150.0
    assert feedback.summary([], 0, None).resolution_rate == 0.0
