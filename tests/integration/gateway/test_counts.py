"""The counts of analytics always equal a recount of all that is stored, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.db.tables.analytics import label_reports
from gateway.db.tables.feed import feed_position, hourly_rollups, labels, transactions
from gateway.db.watch import DatabaseLimits
from gateway.domain.enumerations import LabelValue
from gateway.domain.labels import LabelReport
from gateway.domain.transaction import (
    FeedBatch,
    FeedEvent,
    FeedPosition,
    LabelRecord,
    TransactionRecord,
)
from gateway.services.counting import count_reports
from gateway.services.ingest import Ingest, Progress
from tests.support.alert_values import transaction
from tests.support.gateway_process import run
from tests.support.recounting import COUNTED, recounted, stored_counts

START = datetime(2026, 2, 9, 23, 30, tzinfo=UTC)

events = st.builds(
    lambda number, minutes, score, amount, currency, version, kind: transaction(
        f"tx-{number}",
        event_time=START + timedelta(minutes=minutes),
        risk_score=score,
        amount_minor=amount,
        currency=currency,
        model_version=version,
        kind=kind,
        # Scores decide elsewhere; here any transaction may have raised an alert.
        alert_id=None,
    ),
    number=st.integers(0, 8),
    minutes=st.integers(0, 3000),
    score=st.one_of(st.floats(0, 100), st.sampled_from([0.0, 49.999, 50.0, 99.99, 100.0])),
    amount=st.one_of(st.none(), st.integers(1, 10**15)),
    currency=st.sampled_from(["EUR", "JPY"]),
    version=st.sampled_from(["1", "2"]),
    kind=st.sampled_from(["PAYMENT", "TRADE"]),
)
reports = st.builds(
    lambda label, number, value, days: LabelRecord(
        f"label-{label}", f"tx-{number}", value, "CHARGEBACK", START + timedelta(days=days)
    ),
    label=st.integers(0, 30),
    number=st.integers(0, 8),
    value=st.sampled_from(LabelValue),
    days=st.sampled_from([0, 0.5, 1, 2.5, 7, 200]),
)
batches = st.lists(
    st.tuples(st.booleans(), st.lists(st.one_of(events, reports), min_size=1, max_size=8)),
    min_size=1,
    max_size=6,
)


async def apply(database: Database, script: Any) -> None:
    ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
    position = FeedPosition("", 0)
    for by_feed, items in script:
        listed = [
            FeedEvent(position.sequence + index, **_kind(item))
            for index, item in enumerate(items, start=1)
            if by_feed or isinstance(item, LabelRecord)
        ]
        if by_feed:
            batch = FeedBatch(listed, "journal", 0)
            position = await ingest.apply(position, batch)
        else:
            async with database.write() as unit:
                await count_reports(unit, [_report(event.label) for event in listed])


def _kind(item: Any) -> dict[str, Any]:
    if isinstance(item, LabelRecord):
        return {"label": item}
    # Every second transaction has been alerted.
    number = int(item.transaction_id[3:])
    values = {name: getattr(item, name) for name in TransactionRecord.__struct_fields__}
    values["alert_id"] = f"alr-{number}" if number % 2 else None
    return {"transaction": TransactionRecord(**values)}


def _report(label: Any) -> LabelReport:
    return LabelReport(
        label.label_id,
        label.transaction_id,
        label.value,
        label.source,
        label.known_time,
        START,
        "",
        "",
    )


async def empty(database: Database) -> None:
    # The alerts stay: their history is never deleted, and they do not count here.
    async with database._engine.begin() as connection:
        for table in (
            transactions,
            labels,
            label_reports,
            hourly_rollups,
            feed_position,
            *COUNTED,
        ):
            await connection.execute(delete(table))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=batches)
def test_counts_equal_a_recount_after_any_sequence(database_url: str, script: Any) -> None:
    async def example() -> None:
        database = Database(database_url, DatabaseLimits(pool_size=2))
        try:
            await empty(database)
            await apply(database, script)
            expected = await recounted(database)
            assert await stored_counts(database) == expected
            async with database.write() as unit:
                total = await unit.recount.recount()
            assert total == len({*_transactions(script)})
            assert await stored_counts(database) == expected
        finally:
            await database.close()

    asyncio.run(example())


def _transactions(script: Any) -> list[str]:
    return [
        item.transaction_id
        for by_feed, items in script
        for item in items
        if by_feed and isinstance(item, TransactionRecord)
    ]


async def test_labels_and_transactions_at_once_are_all_counted(database: Database) -> None:
    """Labels come from many sides while the feed brings their transactions."""
    ids = [f"tx-{number}" for number in range(120)]

    async def feed() -> None:
        ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
        position = FeedPosition("", 0)
        for sequence, name in enumerate(ids, start=1):
            event = FeedEvent(sequence, transaction=transaction(name, event_time=START))
            position = await ingest.apply(position, FeedBatch([event], "journal", sequence))

    async def label(part: list[str], value: LabelValue) -> None:
        for name in part:
            record = LabelRecord(f"{value}-{name}", name, value, "CHARGEBACK", START)
            async with database.write() as unit:
                await count_reports(unit, [_report(record)])

    await asyncio.gather(
        feed(),
        label(ids[::2], LabelValue.FRAUD),
        label(ids[::3], LabelValue.LEGITIMATE),
        label(ids[::-1], LabelValue.FRAUD),
    )
    found = await stored_counts(database)
    assert found == await recounted(database)
    (total,) = (counts for key, counts in found["performance_rollups"].items() if key[0] == "TOTAL")
    assert total[0] == 120
    assert total[2] + total[4] == 120


@pytest.mark.parametrize("amount", [10**15, 9 * 10**18])
async def test_huge_trades_do_not_make_the_sums_overflow(database: Database, amount: int) -> None:
    ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
    events = [
        FeedEvent(
            number, transaction=transaction(f"tx-{number}", amount_minor=amount, kind="TRADE")
        )
        for number in range(1, 101)
    ]
    await ingest.apply(FeedPosition("", 0), FeedBatch(events, "journal", 100))
    async with database.write() as unit:
        assert await unit.recount.recount() == 100
    counts = (await stored_counts(database))["money_rollups"]
    assert {row[2] for row in counts.values()} == {100 * 10**15}


async def test_the_command_counts_what_was_loaded_past_the_feed(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
    events = [FeedEvent(n, transaction=transaction(f"tx-{n}")) for n in range(1, 6)]
    labelled = LabelRecord("label-1", "tx-1", LabelValue.FRAUD, "CHARGEBACK", START)
    events.append(FeedEvent(6, label=labelled))
    await ingest.apply(FeedPosition("", 0), FeedBatch(events, "journal", 6))
    expected = await stored_counts(database)
    async with database._engine.begin() as connection:
        for table in COUNTED:
            await connection.execute(delete(table))
    environ = {"DATABASE_URL": database_url.replace("+aiosqlite", "")}
    ended = run(tmp_path, "db", "recount", **environ)
    assert (ended.returncode, ended.stdout) == (0, "counted 5 transactions\n")
    assert await stored_counts(database) == expected == await recounted(database)
