"""Taking the feed in under suppression rules: once, and the same whatever the batches."""

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.db.tables import metadata
from gateway.domain.suppression import SuppressedType
from gateway.domain.transaction import FeedBatch, FeedEvent, FeedPosition
from gateway.errors import FeedPositionError
from gateway.scoring.client import ScoringClient
from gateway.services.ingest import Ingest, Progress
from gateway.services.suppressions import NewSuppression, SuppressionService
from gateway.topics.shared import new_id
from tests.support.scripted_scoring_server import ScriptedScoringServer, payment

NUMBER = 200
TABLES = (
    "transactions",
    "alerts",
    "alert_transactions",
    "alert_events",
    "hourly_rollups",
    "suppressions",
    "suppression_hits",
)


@pytest.fixture
async def rules(database: Database) -> dict[str, str]:
    """Hold back an account, a shop and one transaction; return the ids of the rules by entity."""
    service = SuppressionService(database, utc_now, new_id)
    made = {}
    for kind, entity_id, include_critical in (
        (SuppressedType.ACCOUNT, "account-1", False),
        (SuppressedType.MERCHANT, "shop-1", True),
        (SuppressedType.TRANSACTION, "tx-100", True),
    ):
        asked = NewSuppression(
            entity_type=kind,
            entity_id=entity_id,
            reason_code=None,
            include_critical=include_critical,
            until=utc_now() + timedelta(days=1),
            comment="known",
        )
        made[entity_id] = (await service.create(asked, "sue")).suppression_id
    return made


async def feed(scoring: ScriptedScoringServer) -> list[FeedEvent]:
    """Score payments; return them as the gateway reads them from the feed."""
    for index in range(NUMBER):
        await scoring.score(
            payment(
                f"tx-{index}",
                amount_minor=100 * (index % 100) + 1,
                account_id=f"account-{index % 5}",
                merchant_id=f"shop-{index % 7}",
            )
        )
    client = ScoringClient(scoring.target, 1.0, 64)
    events: list[FeedEvent] = []
    stream = client.subscribe(FeedPosition("", 0))
    async for batch in stream:
        events += batch.events
        if len(events) == NUMBER:
            break
    await stream.aclose()
    await client.close()
    return events


def expected_hits(rules: dict[str, str]) -> dict[str, str]:
    hits = {}
    for index in range(NUMBER):
        amount = 100 * (index % 100) + 1
        if amount < 5_000:
            continue
        if index % 5 == 1 and amount < 9_500:
            hits[f"tx-{index}"] = rules["account-1"]
        elif index % 7 == 1:
            hits[f"tx-{index}"] = rules["shop-1"]
    return hits


async def dump(database: Database) -> dict[str, list[Any]]:
    async with database._engine.connect() as connection:
        return {
            name: sorted(
                map(tuple, await connection.execute(select(metadata.tables[name]))), key=repr
            )
            for name in TABLES
        }


async def apply(
    database: Database,
    events: list[FeedEvent],
    journal_id: str,
    size_max: int,
    before: FeedPosition,
) -> FeedPosition:
    generator = random.Random(size_max)
    ingest = Ingest(database, Progress(), utc_now, timedelta(minutes=10))
    position, start = before, 0
    while start < len(events):
        end = start + generator.randint(1, size_max)
        batch = FeedBatch(events[start:end], journal_id, len(events))
        position = await ingest.apply(position, batch)
        start = end
    return position


@pytest.mark.parametrize("size_max", [1, 17, 500])
async def test_hits_are_the_same_whatever_the_batches_and_again(
    database: Database, scoring: ScriptedScoringServer, rules: dict[str, str], size_max: int
) -> None:
    events = await feed(scoring)
    await apply(database, events, "journal-1", size_max, FeedPosition("", 0))
    first = await dump(database)
    hits = expected_hits(rules)
    assert dict(row[:2] for row in first["suppression_hits"]) == hits
    alerting = {f"tx-{n}" for n in range(NUMBER) if n % 100 >= 50}
    assert {row[0] for row in first["alert_transactions"]} == alerting - hits.keys()
    async with database.read() as unit:
        hours = await unit.feed.rollups(utc_now() - timedelta(hours=2), utc_now())
        for suppression_id in rules.values():
            rule = await unit.suppressions.get(suppression_id)
            assert rule is not None
            assert rule.hit_count == list(hits.values()).count(suppression_id)
        assert sum(hour.transactions for hour in hours) == NUMBER
        assert sum(hour.alerts for hour in hours) == len(first["alerts"])
        position = await unit.feed.position()
    # The same feed once more, and under the name of another journal: nothing is added.
    with pytest.raises(FeedPositionError):
        await apply(database, events, "journal-1", size_max, FeedPosition("", 0))
    await apply(database, events, "journal-2", size_max, position)
    assert await dump(database) == first


async def test_a_batch_costs_one_look_at_the_rules(
    database: Database, scoring: ScriptedScoringServer, rules: dict[str, str]
) -> None:
    events = await feed(scoring)
    looks: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM suppressions" in statement:
            looks.append(statement)

    event.listen(database._engine.sync_engine, "before_cursor_execute", look)
    await apply(database, events, "journal-1", NUMBER * 100, FeedPosition("", 0))
    assert len(looks) == 1


async def test_a_rule_holds_by_the_time_of_scoring_not_of_taking_in(
    database: Database, scoring: ScriptedScoringServer
) -> None:
    events = await feed(scoring)
    service = SuppressionService(database, utc_now, new_id)
    asked = NewSuppression(
        entity_type=SuppressedType.ACCOUNT,
        entity_id="account-1",
        reason_code=None,
        include_critical=True,
        until=utc_now() + timedelta(days=1),
        comment="known",
    )
    # Made after the payments were scored, before they are taken in.
    await service.create(asked, "sue")
    await apply(database, events, "journal-1", 50, FeedPosition("", 0))
    assert (await dump(database))["suppression_hits"] == []
