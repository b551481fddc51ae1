import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import life_cycle
from gateway.domain.change import Change, ChangeFilter, ChangeKind, ChangePosition
from gateway.domain.enumerations import AlertStatus, CaseDecision, Severity
from gateway.errors import InvalidArgumentError
from tests.support.alert_values import INGEST_TIME, alert

NUMBER = st.integers(0, 2**63 - 1)


@given(NUMBER, NUMBER)
def test_position_is_read_back_as_it_was_written(xid: int, event_id: int) -> None:
    position = ChangePosition(xid, event_id)
    assert ChangePosition.parse("last_event_id", str(position)) == position


@pytest.mark.parametrize("text", ["", "1", "-1-2", "1-2-3", "a-b", "1- 2", f"{2**63}-1", "1-2\n"])
def test_other_texts_are_no_positions(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        ChangePosition.parse("last_event_id", text)
    assert [fault.field for fault in caught.value.faults] == ["last_event_id"]


def changes_of(*moves: AlertStatus | CaseDecision) -> list[Change]:
    current = alert()
    found = []
    for move in moves:
        step = (
            life_cycle.decide(current, move, "anna", "", INGEST_TIME)
            if isinstance(move, CaseDecision)
            else life_cycle.move(current, move, "anna", INGEST_TIME)
        )
        current = step.alert
        found += [Change(ChangePosition(0, 1), event, current) for event in step.events]
    return found


def test_kind_tells_what_it_means_for_a_list() -> None:
    investigating, active = AlertStatus.INVESTIGATING, AlertStatus.ACTIVE
    kinds = [
        (change.event.action, change.kind)
        for change in changes_of(investigating, active, CaseDecision.FRAUD, active)
    ]
    assert kinds == [
        ("CLAIMED", ChangeKind.CHANGED),
        ("RELEASED", ChangeKind.CHANGED),
        ("CLAIMED", ChangeKind.CHANGED),
        ("DECIDED_FRAUD", ChangeKind.CLOSED),
        ("REOPENED", ChangeKind.CHANGED),
    ]


def test_filter_passes_what_comes_to_a_status_and_what_leaves_it() -> None:
    (claimed,) = changes_of(AlertStatus.INVESTIGATING)
    passing = [status for status in AlertStatus if ChangeFilter(status=status).passes(claimed)]
    assert passing == [AlertStatus.ACTIVE, AlertStatus.INVESTIGATING]
    graves = [each for each in Severity if ChangeFilter(severity=each).passes(claimed)]
    assert graves == [Severity.HIGH]
    assert ChangeFilter().passes(claimed)
