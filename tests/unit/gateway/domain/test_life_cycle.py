from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import life_cycle, rollup
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.errors import ConflictError
from tests.support.alert_values import INGEST_TIME, alert

# The contract's table, written down a second time on purpose.
LEGAL = {
    ("ACTIVE", "INVESTIGATING"),
    ("INVESTIGATING", "ACTIVE"),
    ("INVESTIGATING", "RESOLVED"),
    ("INVESTIGATING", "FALSE_POSITIVE"),
    ("RESOLVED", "ACTIVE"),
    ("FALSE_POSITIVE", "ACTIVE"),
}


@given(
    st.lists(st.one_of(st.sampled_from(AlertStatus), st.sampled_from(CaseDecision)), max_size=30)
)
def test_any_sequence_of_moves_follows_the_table(steps: list[AlertStatus | CaseDecision]) -> None:
    current = alert()
    counts = {"resolved": 0, "false_positives": 0, "frauds": 0}
    events = 0
    for minute, step in enumerate(steps):
        now = INGEST_TIME + timedelta(minutes=minute)
        before = current
        try:
            if isinstance(step, AlertStatus):
                change = life_cycle.move(current, step, "ann", now)
                assert (before.status, step) in LEGAL
            else:
                change = life_cycle.decide(current, step, "ann", "", now)
                assert before.is_open
        except ConflictError:
            legal = isinstance(step, AlertStatus) and (before.status, step) in LEGAL
            assert not legal
            assert not (isinstance(step, CaseDecision) and before.is_open)
            continue
        current = change.alert
        events += len(change.events)
        assert current.version > before.version
        assert change.events[0].old_status == before.status
        assert change.events[-1].new_status == current.status
        for first, second in zip(change.events, change.events[1:], strict=False):
            assert first.new_status == second.old_status
        for counted in rollup.closing(before, current):
            counts["resolved"] += counted.resolved
            counts["false_positives"] += counted.false_positives
            counts["frauds"] += counted.frauds
        assert current.is_open == (current.status in {"ACTIVE", "INVESTIGATING"})
        assert (current.closed_time is None) == current.is_open
        assert current.is_open <= (current.outcome is None)
    # What was counted at the closings and taken back at the reopenings is what stands now.
    assert counts["resolved"] == (current.status == "RESOLVED")
    assert counts["false_positives"] == (current.status == "FALSE_POSITIVE")
    assert counts["frauds"] == (current.outcome == "FRAUD")


@pytest.mark.parametrize(
    ("decision", "status"),
    [("FRAUD", "RESOLVED"), ("LEGITIMATE", "FALSE_POSITIVE"), ("REVIEW", "INVESTIGATING")],
)
def test_decision_on_an_active_alert_claims_it_first(decision: str, status: str) -> None:
    change = life_cycle.decide(alert(), CaseDecision(decision), "ann", "why", INGEST_TIME)
    assert change.alert.status == status
    assert [event.action for event in change.events] == ["CLAIMED", f"DECIDED_{decision}"]
    assert change.alert.assigned_to == "ann"
    assert change.events[1].content == "why"


def test_illegal_move_names_the_legal_ones() -> None:
    with pytest.raises(ConflictError) as refused:
        life_cycle.move(alert(), AlertStatus.RESOLVED, "ann", INGEST_TIME)
    assert refused.value.details["allowed"] == ["INVESTIGATING"]


def test_reopened_alert_is_due_anew() -> None:
    closed = life_cycle.decide(alert(), CaseDecision.FRAUD, "ann", "", INGEST_TIME).alert
    later = INGEST_TIME + timedelta(days=3)
    reopened = life_cycle.move(closed, AlertStatus.ACTIVE, "bob", later)
    assert reopened.events[0].action == "REOPENED"
    assert reopened.alert.response_deadline == later + timedelta(hours=1)
    assert reopened.alert.outcome is None
    assert reopened.alert.raised_time == closed.raised_time
