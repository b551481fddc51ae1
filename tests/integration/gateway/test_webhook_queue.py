"""Changes become deliveries once, whoever else does the same, and old deliveries go."""

import asyncio
from datetime import timedelta

import pytest

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.alert import AlertEvent
from gateway.domain.change import Change, ChangeKind
from gateway.domain.enumerations import AlertStatus, Severity
from gateway.domain.pagination import PageQuery
from gateway.domain.target import TargetRules
from gateway.domain.webhook import Delivery, DeliveryStatus, Webhook
from gateway.services import webhook_queue, webhooks
from gateway.services.people import Author
from gateway.services.sealing import Sealing
from gateway.services.webhook_queue import WebhookQueue
from gateway.services.webhooks import NewWebhook, WebhookService
from gateway.topics.shared import new_id
from tests.support.alert_values import INGEST_TIME, alert


def content_of(change: Change, _: object) -> str:
    return change.event.content


def queue_of(database: Database) -> WebhookQueue:
    return WebhookQueue(database, content_of, utc_now, new_id)


def service_of(database: Database) -> WebhookService:
    return WebhookService(database, Sealing(""), TargetRules(), utc_now, new_id, str, lambda: None)


async def add_webhook(database: Database) -> Webhook:
    asked = NewWebhook(
        url="https://receiver.example/",
        description="",
        events=tuple(ChangeKind),
        severity_min=Severity.LOW,
        active=True,
    )
    webhook, _ = await service_of(database).add(asked, Author("tests", ""))
    return webhook


async def happen(database: Database, *contents: str) -> None:
    active = AlertStatus.ACTIVE
    async with database.write() as unit:
        await unit.alerts.add_events(
            [
                AlertEvent("alr_tx-1", "NOTE_ADDED", active, active, "anna", content, INGEST_TIME)
                for content in contents
            ]
        )


async def queued(database: Database, webhook: Webhook) -> list[Delivery]:
    found: list[Delivery] = []
    cursor = ""
    while True:
        async with database.read() as unit:
            page = await unit.deliveries.page(
                webhook.webhook_id, None, PageQuery(limit=100, cursor=cursor)
            )
        found += page.rows
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


@pytest.fixture(autouse=True)
async def stored_alert(database: Database) -> None:
    async with database.write() as unit:
        await unit.alerts.add([alert("tx-1")])
    await happen(database, "long before")


async def fill(database: Database) -> None:
    queue = queue_of(database)
    while await queue.fill():
        pass


async def test_what_was_before_the_webhook_is_not_told(database: Database) -> None:
    await fill(database)
    await happen(database, "before")
    webhook = await add_webhook(database)
    await happen(database, "after")
    await fill(database)
    assert [each.body for each in await queued(database, webhook)] == ["after"]


async def test_two_that_queue_at_once_queue_each_change_once(database: Database) -> None:
    webhook = await add_webhook(database)
    done = asyncio.Event()

    async def keep_filling() -> None:
        queue = queue_of(database)
        last = False
        while not last:
            last = done.is_set()
            while await queue.fill():
                pass
            await asyncio.sleep(0)

    filling = [asyncio.create_task(keep_filling()) for _ in range(2)]
    for number in range(40):
        await happen(database, *(f"{number}:{each}" for each in range(5)))
    done.set()
    await asyncio.gather(*filling)
    bodies = [each.body for each in await queued(database, webhook)]
    assert sorted(bodies) == sorted(f"{n}:{each}" for n in range(40) for each in range(5))


async def test_failure_leaves_neither_deliveries_nor_a_moved_position(database: Database) -> None:
    webhook = await add_webhook(database)
    await happen(database, "one", "two")

    def failing(change: Change, _: object) -> str:
        if change.event.content == "two":
            raise RuntimeError
        return change.event.content

    with pytest.raises(RuntimeError):
        await WebhookQueue(database, failing, utc_now, new_id).fill()
    assert await queued(database, webhook) == []
    await fill(database)
    assert sorted(each.body for each in await queued(database, webhook)) == ["one", "two"]


async def test_full_backlog_makes_further_ones_dead(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_queue, "BACKLOG_MAX", 3)
    webhook = await add_webhook(database)
    for contents in (["1", "2"], ["3", "4"], ["5"]):
        await happen(database, *contents)
        await fill(database)
    found = {each.body: each for each in await queued(database, webhook)}
    dead = [body for body, each in found.items() if each.status is DeliveryStatus.DEAD]
    assert sorted(dead) == ["4", "5"]
    assert found["4"].last_error
    assert found["4"].settled_time is not None


async def test_old_deliveries_are_forgotten_and_what_waits_is_not(database: Database) -> None:
    webhook = await add_webhook(database)
    await happen(database, "waits", "delivered", "dead")
    await fill(database)
    for body, status in (
        ("delivered", DeliveryStatus.DELIVERED),
        ("dead", DeliveryStatus.DEAD),
    ):
        (before,) = [each for each in await queued(database, webhook) if each.body == body]
        values = {name: getattr(before, name) for name in Delivery.__struct_fields__}
        after = Delivery(**values | {"status": status, "settled_time": utc_now()})
        async with database.write() as unit:
            assert await unit.deliveries.put(before, after)
    left = []
    for days in (6, 8, 31):
        later = timedelta(days=days)
        queue = WebhookQueue(database, content_of, lambda later=later: utc_now() + later, new_id)  # type: ignore[misc]
        await queue.forget()
        left.append(sorted(each.body for each in await queued(database, webhook)))
    assert left == [["dead", "delivered", "waits"], ["dead", "waits"], ["waits"]]


async def test_removed_webhook_takes_all_its_deliveries_along(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_DROPPED_MAX", 3)
    webhook, other = await add_webhook(database), await add_webhook(database)
    await happen(database, *map(str, range(10)))
    await fill(database)
    await service_of(database).remove(webhook.webhook_id, Author("tests", ""))
    assert await queued(database, webhook) == []
    assert len(await queued(database, other)) == 10
