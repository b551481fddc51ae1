"""Transactions fold into an alert while analysts work it: neither loses what the other did."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.transaction import FeedBatch, FeedEvent, FeedPosition
from gateway.services.assignment import AssignmentService
from gateway.services.ingest import Ingest, Progress
from tests.support.alert_values import EVENT_TIME, transaction

ROUNDS = 100
ALERT_ID = "alr_tx-0"


async def test_no_transaction_and_no_change_is_lost(database: Database) -> None:
    ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
    assignment = AssignmentService(database, utc_now, login_required=False)

    async def take_in(number: int, position: FeedPosition) -> FeedPosition:
        record = transaction(
            f"tx-{number}",
            sequence=number + 1,
            event_time=EVENT_TIME + timedelta(seconds=number),
            risk_score=50.0 + number / 10,
        )
        batch = FeedBatch([FeedEvent(number + 1, transaction=record)], "journal-1", number + 1)
        return await ingest.apply(position, batch)

    position = await take_in(0, FeedPosition("", 0))

    async def take_all_in(position: FeedPosition) -> None:
        for number in range(1, ROUNDS):
            position = await take_in(number, position)

    async def work() -> None:
        for _ in range(ROUNDS):
            await assignment.claim(ALERT_ID, "ann", None)
            await assignment.release(ALERT_ID, "ann", None)

    await asyncio.gather(take_all_in(position), work())
    async with database.read() as unit:
        alert = await unit.alerts.get(ALERT_ID)
        members = await unit.alerts.transactions(ALERT_ID, ROUNDS + 1)
        events = await unit.alerts.events(ALERT_ID)
    assert alert is not None
    assert len(members) == alert.transaction_count == ROUNDS
    assert alert.transaction_id == f"tx-{ROUNDS - 1}"
    actions = Counter(event.action for event in events)
    assert actions == {
        "RAISED": 1,
        "FOLDED": ROUNDS - 1,
        "CLAIMED": ROUNDS,
        "RELEASED": ROUNDS,
    }
    assert alert.version == 1 + 2 * ROUNDS
    # Who wrote a row knew what the one before had left.
    assert all(before.new_status == after.old_status for before, after in pairwise(events))
