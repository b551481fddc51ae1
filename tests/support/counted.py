"""Transactions and labels put into a database as the feed and the courier put them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.enumerations import LabelValue
from gateway.domain.labels import LabelReport
from gateway.domain.transaction import FeedBatch, FeedEvent, TransactionRecord
from gateway.services.counting import count_reports
from gateway.services.ingest import Ingest, Progress


async def take_in(database: Database, records: Sequence[TransactionRecord]) -> None:
    """Take transactions in as if they came over the feed next."""
    ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
    position = await ingest.stored_position()
    events = [
        FeedEvent(position.sequence + index, transaction=record)
        for index, record in enumerate(records, start=1)
    ]
    await ingest.apply(position, FeedBatch(events, "counted", 0))


async def say(
    database: Database, transaction_id: str, value: LabelValue, known_time: datetime
) -> None:
    """Say what a transaction was, once."""
    await say_all(database, [(transaction_id, value, known_time)])


async def say_all(database: Database, said: Sequence[tuple[str, LabelValue, datetime]]) -> None:
    """Say what transactions were, all at once."""
    reports = [
        LabelReport(
            f"{transaction_id}-{value}-{known_time:%j%H%M}",
            transaction_id,
            value,
            "CHARGEBACK",
            known_time,
            known_time,
            "",
            "",
        )
        for transaction_id, value, known_time in said
    ]
    async with database.write() as unit:
        await count_reports(unit, reports)
