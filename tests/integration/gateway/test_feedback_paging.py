"""A law of the list of decisions: by cursor each row comes once, in order, whatever comes in."""

import itertools
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.alert import DecisionRecord
from gateway.domain.enumerations import CaseDecision
from gateway.domain.feedback import STORED, FeedbackDecision, FeedbackQuery
from gateway.services.feedback import FeedbackService
from tests.support import alert_values

START = datetime(2026, 2, 9, 14, tzinfo=UTC)
_NAMES = itertools.count()

decided = st.tuples(st.integers(0, 4), st.sampled_from(CaseDecision))


async def decide(database: Database, analyst: str, second: int, decision: CaseDecision) -> str:
    decision_id = f"dec_{next(_NAMES)}"
    async with database.write() as unit:
        await unit.cases.add_decision(
            DecisionRecord(
                decision_id,
                "alr_tx-1",
                decision,
                "",
                analyst,
                None,
                START + timedelta(seconds=second),
            )
        )
    return decision_id


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=st.lists(decided, max_size=12),
    meanwhile=st.lists(decided, max_size=4),
    limit=st.integers(1, 5),
    wanted=st.sampled_from([None, *FeedbackDecision]),
)
async def test_cursor_gives_each_decision_once_in_order(
    database: Database,
    before: list[tuple[int, CaseDecision]],
    meanwhile: list[tuple[int, CaseDecision]],
    limit: int,
    wanted: FeedbackDecision | None,
) -> None:
    async with database.write() as unit:
        if await unit.alerts.get("alr_tx-1") is None:
            await unit.alerts.add([alert_values.alert()])
    # A name of its own keeps each example apart from the ones before it.
    analyst = f"ann-{next(_NAMES)}"
    rows = [
        (second, await decide(database, analyst, second, decision), decision)
        for second, decision in before
    ]
    expected = [
        decision_id
        for _, decision_id, decision in sorted(rows, reverse=True)
        if decision is not CaseDecision.REVIEW and (wanted is None or STORED[wanted] is decision)
    ]
    coming = iter(meanwhile)
    service = FeedbackService(database, utc_now)
    query = FeedbackQuery(limit=limit, analyst=analyst, decision=wanted)
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await service.page(msgspec.structs.replace(query, cursor=cursor))
        if not cursor:
            assert page.total == len(expected)
        found += [each.feedback_id for each in page.rows]
        cursor = page.next_cursor
        for second, decision in itertools.islice(coming, 1):
            # Later than all that was there.
            await decide(database, analyst, 10 + second, decision)
    assert found == expected
