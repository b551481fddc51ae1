from datetime import timedelta

import msgspec
import pytest

from gateway.domain import assignment, life_cycle
from gateway.domain.alert import Alert
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.errors import ConflictError
from tests.support.alert_values import INGEST_TIME, alert

NOW = INGEST_TIME + timedelta(minutes=3)
LATER = NOW + timedelta(minutes=2)


def closed() -> Alert:
    return life_cycle.decide(alert(), CaseDecision.FRAUD, "ann", "", NOW).alert


def test_claim_takes_what_waits() -> None:
    change = assignment.claim(alert(), "ann", NOW)
    assert change.alert.status is AlertStatus.INVESTIGATING
    assert (change.alert.assigned_to, change.alert.claimed_time) == ("ann", NOW)
    assert [event.action for event in change.events] == ["CLAIMED"]


@pytest.mark.parametrize("analyst", ["ann", "bob"])
def test_claim_of_a_taken_alert_names_who_has_it(analyst: str) -> None:
    taken = assignment.claim(alert(), "ann", NOW).alert
    with pytest.raises(ConflictError) as refused:
        assignment.claim(taken, analyst, NOW)
    assert refused.value.reason == "ALREADY_ASSIGNED"
    assert refused.value.details["assigned_to"] == "ann"


def test_release_gives_back_and_forgets_the_claim() -> None:
    taken = assignment.claim(alert(), "ann", NOW).alert
    change = assignment.release(taken, "ann", LATER)
    assert change.alert == msgspec.structs.replace(alert(), version=3, updated_time=LATER)
    assert [event.action for event in change.events] == ["RELEASED"]
    with pytest.raises(ConflictError) as refused:
        assignment.release(change.alert, "ann", LATER)
    assert refused.value.reason == "ILLEGAL_TRANSITION"


def test_closed_alert_is_neither_claimed_nor_released_nor_assigned() -> None:
    for attempt in (
        lambda: assignment.claim(closed(), "ann", NOW),
        lambda: assignment.release(closed(), "ann", NOW),
        lambda: assignment.assign(closed(), "bob", "sue", NOW),
    ):
        with pytest.raises(ConflictError) as refused:
            attempt()
        assert refused.value.reason == "ALERT_CLOSED"


def test_assigning_moves_an_alert_from_one_analyst_to_another() -> None:
    taken = assignment.claim(alert(), "ann", NOW).alert
    change = assignment.assign(taken, "bob", "sue", LATER)
    assert (change.alert.assigned_to, change.alert.claimed_time) == ("bob", NOW)
    assert change.alert.version == taken.version + 1
    (event,) = change.events
    assert (event.action, event.analyst_id) == ("REASSIGNED", "sue")
    assert event.content == "to bob instead of ann"
    assert event.old_status == event.new_status == AlertStatus.INVESTIGATING


def test_assigning_what_waits_counts_as_its_claim() -> None:
    change = assignment.assign(alert(), "bob", "sue", NOW)
    assert change.alert.status is AlertStatus.INVESTIGATING
    assert (change.alert.assigned_to, change.alert.claimed_time) == ("bob", NOW)
    assert change.events[0].old_status is AlertStatus.ACTIVE
    with pytest.raises(ConflictError) as refused:
        assignment.assign(change.alert, "bob", "sue", LATER)
    assert refused.value.reason == "ALREADY_ASSIGNED"
