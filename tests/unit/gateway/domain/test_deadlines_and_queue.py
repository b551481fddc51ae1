from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import life_cycle, priority, sla
from gateway.domain.enumerations import AlertStatus, CaseDecision, Severity
from tests.support.alert_values import INGEST_TIME, alert

RAISED = datetime(2026, 2, 9, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("severity", "response", "resolution"),
    [
        ("CRITICAL", timedelta(minutes=15), timedelta(hours=2)),
        ("HIGH", timedelta(hours=1), timedelta(hours=8)),
        ("MEDIUM", timedelta(hours=4), timedelta(hours=24)),
        ("LOW", timedelta(hours=9, minutes=30), timedelta(hours=72)),
    ],
)
def test_deadlines_by_severity(severity: str, response: timedelta, resolution: timedelta) -> None:
    assert sla.response_deadline(Severity(severity), RAISED) - RAISED == response
    assert sla.resolution_deadline(Severity(severity), RAISED) - RAISED == resolution


def test_alert_is_breached_when_nobody_took_it_in_time() -> None:
    waiting = alert()
    deadline = INGEST_TIME + timedelta(hours=1)
    assert waiting.sla_deadline == deadline
    assert not waiting.sla_breached(deadline)
    assert waiting.sla_breached(deadline + timedelta(microseconds=1))


def test_alert_taken_in_time_is_due_at_its_resolution() -> None:
    claimed = life_cycle.move(alert(), AlertStatus.INVESTIGATING, "ann", INGEST_TIME).alert
    deadline = INGEST_TIME + timedelta(hours=8)
    assert claimed.sla_deadline == deadline
    assert not claimed.sla_breached(deadline)
    assert claimed.sla_breached(deadline + timedelta(microseconds=1))


def test_closed_in_time_stays_unbreached() -> None:
    closed = life_cycle.decide(alert(), CaseDecision.FRAUD, "ann", "", INGEST_TIME).alert
    assert not closed.sla_breached(INGEST_TIME + timedelta(days=400))
    assert closed.priority(INGEST_TIME) == closed.priority(INGEST_TIME + timedelta(days=400))


@pytest.mark.parametrize(
    ("severity", "risk", "frauds", "age", "band"),
    [
        ("CRITICAL", 95.0, 0, timedelta(0), "P1"),
        ("HIGH", 85.0, 0, timedelta(0), "P2"),
        ("HIGH", 85.0, 2, timedelta(0), "P1"),
        ("MEDIUM", 60.0, 0, timedelta(0), "P3"),
        ("MEDIUM", 60.0, 0, timedelta(days=1), "P2"),
        ("LOW", 30.0, 0, timedelta(0), "P3"),
        ("HIGH", 85.0, 9, timedelta(0), "P1"),
    ],
)
def test_priority_of_examples(
    severity: str, risk: float, frauds: int, age: timedelta, band: str
) -> None:
    rank = priority.queue_rank(Severity(severity), risk, frauds, RAISED)
    assert priority.band(rank, RAISED + age) == band


_ALERTS = st.tuples(
    st.sampled_from(Severity),
    st.floats(0, 100),
    st.integers(0, 5),
    st.integers(0, 10_000).map(lambda minutes: RAISED - timedelta(minutes=minutes)),
)


@given(_ALERTS, _ALERTS, st.integers(0, 100_000))
def test_stored_order_agrees_with_the_bands_at_any_time(
    first: tuple[Severity, float, int, datetime],
    second: tuple[Severity, float, int, datetime],
    minutes: int,
) -> None:
    now = RAISED + timedelta(minutes=minutes)
    ranks = [priority.queue_rank(*each) for each in (first, second)]
    bands = [priority.band(rank, now) for rank in ranks]
    if ranks[0] > ranks[1]:
        assert bands[0] <= bands[1]
