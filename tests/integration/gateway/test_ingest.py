"""The feed is taken in exactly once, whatever fails in between."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import httpx
import pytest
from anomaly.v1 import event_service_pb2
from sqlalchemy import func, select, text
from sqlalchemy import table as named

from gateway.clock import monotonic_s, utc_now
from gateway.db.engine import Database
from gateway.db.watch import DatabaseLimits
from gateway.domain.transaction import FeedPosition
from gateway.errors import FeedPositionError, UnavailableError
from gateway.scoring.client import ScoringClient
from gateway.services.background import FeedConfirmer, FeedFollower
from gateway.services.ingest import Ingest, Progress
from gateway.services.lease import Lease
from tests.support.scripted_scoring_server import ScriptedScoringServer, payment
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

WINDOW = timedelta(minutes=10)
BATCH = 64


class Gateway:
    """A gateway's feed without its REST part; several can share a database."""

    def __init__(self, database: Database, target: str, name: str) -> None:
        self.progress = Progress()
        self.ingest = Ingest(database, self.progress, utc_now, WINDOW)
        self.client = ScoringClient(target, 1.0, BATCH)
        self.lease = Lease(database, name, utc_now, monotonic_s)
        self.follower = FeedFollower(
            self.lease, self.client, self.ingest, random.Random(7), events_max=BATCH
        )
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.follower.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.client.close()


async def count(database: Database, table: str) -> int:
    async with database._engine.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(named(table))))


async def fill(scoring: ScriptedScoringServer, number: int, start: int = 0) -> None:
    event_time = datetime(2026, 2, 9, tzinfo=UTC)
    for index in range(start, start + number):
        await scoring.score(
            payment(
                f"tx-{index}",
                amount_minor=100 * (index % 100) + 1,
                account_id=f"account-{index % 50}",
                merchant_id=f"shop-{index % 7}",
                event_time=event_time + timedelta(seconds=index),
            )
        )


async def test_everything_arrives_once(database: Database, scoring: ScriptedScoringServer) -> None:
    await fill(scoring, 1000)
    async with Gateway(database, scoring.target, "one") as gateway:
        assert await gateway.progress.wait_for(1000, 20)
        assert await count(database, "transactions") == 1000
        assert await count(database, "alert_transactions") == 500
        assert gateway.progress.lag == 0
        async with database.read() as unit:
            (rollup,) = await unit.feed.rollups(
                utc_now() - timedelta(hours=2), utc_now() + timedelta(hours=1)
            )
        assert rollup.transactions == 1000
        assert rollup.alerts == await count(database, "alerts")


async def test_killed_between_messages_loses_and_doubles_nothing(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    """Each run is cancelled wherever it happens to be, as a killed process is."""
    await fill(scoring, 2000)
    generator = random.Random(11)
    runs = 0
    async with database.read() as unit:
        position = await unit.feed.position()
    while position.sequence < 2000:
        runs += 1
        async with Gateway(database, scoring.target, "same"):
            # A little longer each time, so that a slow machine gets on as well.
            await asyncio.sleep(generator.uniform(0.01, 0.1) + 0.01 * runs)
        async with database.read() as unit:
            position = await unit.feed.position()
        assert await count(database, "transactions") == position.sequence
    assert runs > 1
    assert await count(database, "transactions") == 2000
    assert await count(database, "alert_transactions") == 1000


async def test_failure_inside_a_message_leaves_nothing_of_it(
    database: Database, scoring: ScriptedScoringServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(scoring, 64)
    progress = Progress()
    ingest = Ingest(database, progress, utc_now, WINDOW)
    client = ScoringClient(scoring.target, 1.0, 64)
    stream: AsyncGenerator[Any, None] = client.subscribe(FeedPosition("", 0))
    batch = await anext(stream)
    await stream.aclose()
    await client.close()
    with pytest.raises(FeedPositionError):
        # Somebody else was here before: the position is moved last, so all rows are undone.
        await ingest.apply(FeedPosition("journal-1", 7), batch)
    assert await count(database, "transactions") == 0
    assert await count(database, "alerts") == 0
    await ingest.apply(FeedPosition("", 0), batch)
    assert await count(database, "transactions") == 64
    with pytest.raises(FeedPositionError):
        await ingest.apply(FeedPosition("", 0), batch)
    assert await count(database, "transactions") == 64


async def test_two_gateways_share_the_work_without_doubling(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    await fill(scoring, 300)
    async with Gateway(database, scoring.target, "second") as second:
        async with Gateway(database, scoring.target, "first") as first:
            for gateway in (first, second):
                assert await gateway.progress.wait_for(300, 20)
            assert first.lease.held != second.lease.held
            holder, other = (first, second) if first.lease.held else (second, first)
            assert other.lease.with_other
        await fill(scoring, 100, start=300)
        # Whoever is left takes the lease over, at once if it was given back.
        assert await second.progress.wait_for(400, 20)
        assert second.lease.held
        assert holder is not other
    assert await count(database, "transactions") == 400


async def test_scoring_server_that_comes_back_is_followed_again(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    await fill(scoring, 10)
    async with Gateway(database, scoring.target, "one") as gateway:
        assert await gateway.progress.wait_for(10, 20)
        port = scoring.port
        await scoring.stop()

        async def noticed() -> bool:
            return not gateway.follower.connected

        await eventually(noticed)
        await fill(scoring, 10, start=10)
        await scoring.start(port)
        assert await gateway.progress.wait_for(20, 20)
    assert await count(database, "transactions") == 20


async def test_new_journal_starts_over_and_skips_what_is_known(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    await fill(scoring, 20)
    async with Gateway(database, scoring.target, "one") as gateway:
        assert await gateway.progress.wait_for(20, 20)
        other = ScriptedScoringServer("journal-2")
        await fill(other, 5, start=15)
        await fill(other, 5, start=20)
        port = scoring.port
        await scoring.stop()
        await other.start(port)

        async def followed() -> bool:
            return gateway.progress.position == FeedPosition("journal-2", 10)

        await eventually(followed)
        await other.stop()
    assert await count(database, "transactions") == 25


async def test_poisoned_events_are_set_aside_and_the_feed_goes_on(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    await fill(scoring, 3)
    await scoring.append(event_service_pb2.Event())
    endless = payment("tx-endless", merchant_id="x" * 500)
    endless.payment.account_id = "y" * 500
    nameless = payment("tx-nameless")
    nameless.event_time.seconds = 10**15
    await scoring.score(endless)
    await scoring.score(nameless)
    await fill(scoring, 3, start=3)
    async with Gateway(database, scoring.target, "one") as gateway:
        assert await gateway.progress.wait_for(9, 20)
    postgresql = database._engine.dialect.name == "postgresql"
    # SQLite holds texts of any length; PostgreSQL refuses the endless one.
    assert await count(database, "dead_events") == (3 if postgresql else 2)
    assert await count(database, "transactions") == (6 if postgresql else 7)


async def test_labels_of_others_are_kept(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    await scoring.score(payment("tx-1", amount_minor=9_000))
    for label_id, value in (("l-1", 2), ("l-2", 1)):
        event = event_service_pb2.Event()
        event.label.label_id = label_id
        event.label.transaction_id = "tx-1"
        event.label.value = value
        event.label.source = 2
        event.label.known_time.FromJsonString("2026-02-09T14:32:18Z")
        await scoring.append(event)
    async with Gateway(database, scoring.target, "one") as gateway:
        assert await gateway.progress.wait_for(3, 20)
    async with database._engine.connect() as connection:
        row = (await connection.execute(text("SELECT * FROM labels"))).one()
    assert (row.label_id, row.value, row.source) == ("l-2", "FRAUD", "CHARGEBACK")
    assert bool(row.alerted) is True


async def test_wait_ends_at_its_timeout() -> None:
    assert await Progress().wait_for(1, 0.01) is False


async def test_labels_survive_a_scoring_server_that_is_away(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    await scoring.score(payment("tx-1", amount_minor=9_000))
    await scoring.score(payment("refuse-2", amount_minor=9_000, account_id="account-2"))

    async def listed() -> list[str]:
        return [alert["alert_id"] for alert in (await gateway.get("/api/alerts")).json()["data"]]

    async def both() -> bool:
        return len(await listed()) == 2

    await eventually(both)
    port = scoring.port
    await scoring.stop()
    for alert_id in await listed():
        answer = await gateway.post(
            f"/api/investigations/{alert_id}/decision", json={"decision": "FRAUD"}
        )
        assert answer.status_code == 200
    await scoring.start(port)

    async def delivered() -> bool:
        figures = (await gateway.get("/metrics")).text
        return len(scoring.labels) == 1 and "\ngateway_label_outbox 0.0" in figures

    await eventually(delivered)


async def test_database_that_is_away_is_unavailable(tmp_path: Any) -> None:
    database = Database(
        f"postgresql+psycopg://nobody@/nothing?host={tmp_path}", DatabaseLimits(pool_size=2)
    )
    with pytest.raises(UnavailableError):
        await database.ping()
    await database.close()


async def test_what_is_stored_is_confirmed_to_the_scoring_server(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    await fill(scoring, 30)
    async with Gateway(database, scoring.target, "one") as gateway:
        confirmer = FeedConfirmer(gateway.lease, gateway.client, gateway.ingest)
        assert await gateway.progress.wait_for(30, 20)
        await confirmer.confirm()
        assert scoring.confirmed == {"gateway": (scoring.journal_id, 30)}
        scoring.confirmed.clear()
        await confirmer.confirm()
        assert not scoring.confirmed
        # A server that is away is asked again the next time.
        await fill(scoring, 1, start=30)
        assert await gateway.progress.wait_for(31, 20)
        port = scoring.port
        await scoring.stop()
        await confirmer.confirm()
        await scoring.start(port)
        await fill(scoring, 1, start=31)
        assert await gateway.progress.wait_for(32, 20)
        await confirmer.confirm()
        assert scoring.confirmed == {"gateway": (scoring.journal_id, 32)}
