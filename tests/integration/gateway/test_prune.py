"""Old transactions go, what refers to something stays, and no count becomes lower for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.db.tables.analytics import label_reports
from gateway.db.tables.feed import feed_position, hourly_rollups, labels, transactions
from gateway.db.tables.retention import pruning
from gateway.db.watch import DatabaseLimits
from gateway.domain.enumerations import LabelValue
from gateway.domain.retention import Pruned
from gateway.domain.suppression import SuppressedType
from gateway.domain.transaction import FeedBatch, FeedEvent, TransactionRecord
from gateway.services.ingest import Ingest, Progress
from gateway.services.lease import Lease
from gateway.services.retention import PAGE_SIZE, Retention, RetentionKeeper
from gateway.services.suppressions import NewSuppression, SuppressionService
from gateway.topics.shared import new_id
from tests.support.alert_values import transaction
from tests.support.counted import say_all, take_in
from tests.support.gateway_process import run
from tests.support.recounting import COUNTED, stored_counts

NOW = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT_DAYS = 90
HORIZON = datetime(2025, 12, 31, tzinfo=UTC)


def scored(name: str, came: datetime, **changes: Any) -> TransactionRecord:
    values = {"event_time": came, "ingest_time": came, "alert_id": None, "account_id": name}
    return transaction(name, **(values | changes))


async def stored(database: Database) -> set[str]:
    async with database.read() as unit:
        found = await unit.connection.execute(select(transactions.c.transaction_id))
        return set(found.scalars())


async def prune(database: Database, now: datetime = NOW, days: int = KEPT_DAYS) -> Pruned | None:
    retention = Retention(database, lambda: now)
    before = await retention.horizon(days)
    if before is None:
        return None
    pages = [page async for page in retention.prune(before)]
    return pages[-1] if pages else None


async def test_only_what_is_old_and_referred_to_by_nothing_goes(database: Database) -> None:
    await hold_back(database, "suppressed")
    moment = timedelta(microseconds=1)
    await take_in(
        database,
        [
            scored("old", HORIZON - moment),
            scored("at the horizon", HORIZON),
            scored("replayed since", HORIZON - 400 * DAY, ingest_time=HORIZON),
            scored("ahead of its time", HORIZON - DAY, event_time=HORIZON),
            scored("alerted", HORIZON - DAY, alert_id="alr_alerted"),
            scored("labelled", HORIZON - DAY),
            scored("suppressed", HORIZON - DAY, alert_id="alr_suppressed"),
            scored("new", NOW),
        ],
    )
    await say_all(database, [("labelled", LabelValue.FRAUD, NOW)])
    before = await stored(database)
    done = await prune(database)
    assert before - await stored(database) == {"old"}
    assert done is not None
    assert (done.before, done.removed, done.kept) == (HORIZON, 1, 4)
    async with database.read() as unit:
        assert await unit.pruning.pruned_before() == HORIZON
        assert await unit.feed.transaction_count() == len(before)


async def hold_back(database: Database, account_id: str) -> None:
    """Make a rule that holds an account's alerts back on the day before the horizon."""
    rules = SuppressionService(database, lambda: HORIZON - 2 * DAY, new_id)
    asked = NewSuppression(
        entity_type=SuppressedType.ACCOUNT,
        entity_id=account_id,
        reason_code=None,
        include_critical=True,
        until=HORIZON,
        comment="known",
    )
    await rules.create(asked, "sue")


async def test_dry_run_says_the_same_and_changes_nothing(database: Database) -> None:
    many = [scored(f"tx-{number:04}", HORIZON - DAY) for number in range(2 * PAGE_SIZE + 7)]
    many[5] = scored("alerted", HORIZON - DAY, alert_id="alr")
    await take_in(database, [*many, scored("new", NOW)])
    retention = Retention(database, lambda: NOW)
    before = await retention.horizon(KEPT_DAYS)
    assert before is not None
    told = [page async for page in retention.forecast(before)]
    assert len(await stored(database)) == len(many) + 1
    assert [page async for page in retention.prune(before)] == told
    assert await stored(database) == {"alerted", "new"}
    assert await prune(database) == Pruned(HORIZON, 0, 1, HORIZON - DAY)


async def test_horizon_does_not_pass_what_came_in_last(database: Database) -> None:
    """A gateway that was away for long may still have to take in what came meanwhile."""
    assert await prune(database) is None
    await take_in(database, [scored("last", HORIZON - 30 * DAY + timedelta(hours=5))])
    assert await prune(database) is None
    assert await stored(database) == {"last"}
    await take_in(database, [scored("late", HORIZON - 29 * DAY)])
    assert await stored(database) == {"last", "late"}


async def test_shorter_retention_afterwards_does_not_move_the_horizon_back(
    database: Database,
) -> None:
    await take_in(database, [scored("old", HORIZON - DAY), scored("new", NOW)])
    await prune(database)
    await prune(database, days=2 * KEPT_DAYS)
    async with database.read() as unit:
        assert await unit.pruning.pruned_before() == HORIZON


# Number, days from the horizon by the payer's clock and by ours, alerted, labelled.
histories = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from([-40.0, -1.01, -1.0, -0.5, 0.0, 0.5, 3.0]),
        st.sampled_from([-30.0, -1.0, -0.01, 0.0, 2.0]),
        st.booleans(),
        st.sampled_from([None, *LabelValue]),
    ),
    min_size=1,
    max_size=14,
    unique_by=lambda row: row[0],
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_counts_stay_whatever_is_removed_counted_anew_and_fed_again(
    database_url: str, history: Any
) -> None:
    async def example() -> None:
        database = Database(database_url, DatabaseLimits(pool_size=2))
        try:
            await _empty(database)
            records = [
                scored(
                    _name(number, alerted),
                    HORIZON + ingested * DAY,
                    event_time=HORIZON + happened * DAY,
                    alert_id=f"alr-{number}" if alerted else None,
                )
                for number, happened, ingested, alerted, _ in history
            ]
            await take_in(database, [*records, scored("new", NOW)])
            said = [
                (_name(number, alerted), value, NOW)
                for number, _, _, alerted, value in history
                if value is not None
            ]
            await say_all(database, said)
            expected = await stored_counts(database)
            await prune(database)
            assert await stored_counts(database) == expected
            async with database.write() as unit:
                assert await unit.recount.recount() == len(records) + 1
            assert await stored_counts(database) == expected
            left = await stored(database)
            # A scoring server with another journal sends all there is once more.
            ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
            events = [FeedEvent(index, transaction=each) for index, each in enumerate(records, 1)]
            position = await ingest.stored_position()
            await ingest.apply(position, FeedBatch(events, "another", 0))
            assert await stored(database) == left
            assert await stored_counts(database) == expected
        finally:
            await database.close()

    asyncio.run(example())


def _name(number: int, alerted: Any) -> str:
    # Alerts stay from one example to the next, so what they refer to has names of its own.
    return f"alerted-{number}" if alerted else f"tx-{number}"


async def _empty(database: Database) -> None:
    # The alerts stay: their history is never deleted, and they do not count here.
    async with database._engine.begin() as connection:
        for table in (
            transactions,
            labels,
            label_reports,
            hourly_rollups,
            feed_position,
            pruning,
            *COUNTED,
        ):
            await connection.execute(delete(table))


async def test_keeper_removes_only_with_the_lease_and_once_a_day(database: Database) -> None:
    now = NOW
    lease = Lease(database, "here:1:a", lambda: now, lambda: 0.0)
    keeper = RetentionKeeper(Retention(database, lambda: now), lease, KEPT_DAYS, lambda: 0.0)
    await take_in(database, [scored("old", HORIZON - DAY), scored("new", NOW)])
    await keeper.look()
    assert await stored(database) == {"old", "new"}
    assert await lease.keep()
    await keeper.look()
    assert await stored(database) == {"new"}
    async with database.write() as unit:
        await unit.feed.add_transactions([scored("strayed", HORIZON - DAY)])
    await keeper.look()
    assert await stored(database) == {"new", "strayed"}
    now = NOW + DAY
    await keeper.look()
    assert await stored(database) == {"new"}


async def test_command_removes_and_recount_says_where_it_began(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    environ = {"DATABASE_URL": database_url.replace("+aiosqlite", "")}
    now = utc_now()

    def prune_by(*arguments: str) -> tuple[int, str]:
        ended = run(tmp_path / "data", "db", "prune", *arguments, **environ)
        return ended.returncode, ended.stdout + ended.stderr

    days = ("--older-than", "30")
    assert prune_by(*days) == (0, "no transaction is older than 30 days\n")
    await take_in(database, [scored("old", now - 40 * DAY), scored("new", now)])
    before = f"{now - 30 * DAY:%Y-%m-%d}"
    told = f"1 transactions from before {before} would be removed, 0 kept\n"
    assert prune_by(*days, "--dry-run") == (0, told)
    assert await stored(database) == {"old", "new"}
    assert prune_by(*days) == (0, told.replace("would be ", ""))
    assert await stored(database) == {"new"}
    counted = run(tmp_path / "data", "db", "recount", **environ)
    assert counted.stdout == f"counted 2 transactions; what is before {before} was left as it is\n"
    assert prune_by("--older-than", "0")[0] == 2
