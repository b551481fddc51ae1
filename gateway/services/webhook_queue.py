"""From changes of alerts to deliveries, each change once for each webhook.

The position in the log moves in the transaction that stores the deliveries, and is held while that
transaction runs, so that even two processes at once queue nothing twice and skip nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.domain.change import Change
from gateway.domain.webhook import (
    BACKLOG_MAX,
    DEAD_KEPT,
    DELIVERED_KEPT,
    Delivery,
    DeliveryStatus,
    Webhook,
)
from gateway.services.webhook_ports import WebhookDatabase, WebhookUnit

_BATCH_SIZE_MAX = 200
_FORGOTTEN_MAX = 500
# Transactions of so many deletions each, at one call.
_FORGETTING_MAX = 20
_BACKLOG_FULL = f"{BACKLOG_MAX} deliveries wait already"

Encode = Callable[[Change, datetime], str]


class WebhookQueue:
    """Fills the table of deliveries and empties it of old ones."""

    def __init__(
        self,
        database: WebhookDatabase,
        encode: Encode,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
    ) -> None:
        self._database = database
        self._encode = encode
        self._now = now
        self._new_id = new_id

    async def fill(self) -> bool:
        """Queue what has changed; return whether there may be more."""
        async with self._database.read() as unit:
            position, head = await unit.webhooks.position(), await unit.changes.head()
        if position is not None and head <= position:
            return False
        async with self._database.write() as unit:
            position = await unit.webhooks.hold_position(head)
            webhooks = await unit.webhooks.all(active_only=True)
            if not webhooks:
                # Looked up again while the position is held: a webhook that is added after this
                # is told of everything that happens from then on.
                await unit.webhooks.advance(max(position, await unit.changes.head()))
                return False
            changes = await unit.changes.after(position, _BATCH_SIZE_MAX)
            if not changes:
                return False
            for webhook in webhooks:
                await self._queue(unit, webhook, changes)
            await unit.webhooks.advance(changes[-1].position)
        return len(changes) == _BATCH_SIZE_MAX

    async def forget(self) -> None:
        """Delete deliveries that were settled long ago, some at a time."""
        now = self._now()
        for status, kept in (
            (DeliveryStatus.DELIVERED, DELIVERED_KEPT),
            (DeliveryStatus.DEAD, DEAD_KEPT),
        ):
            for _ in range(_FORGETTING_MAX):
                async with self._database.write() as unit:
                    gone = await unit.deliveries.forget(status, now - kept, _FORGOTTEN_MAX)
                if gone < _FORGOTTEN_MAX:
                    break

    async def _queue(self, unit: WebhookUnit, webhook: Webhook, changes: Sequence[Change]) -> None:
        wanted = [change for change in changes if webhook.wants(change)]
        if not wanted:
            return
        now = self._now()
        free = BACKLOG_MAX - await unit.deliveries.waiting(webhook.webhook_id, BACKLOG_MAX)
        await unit.deliveries.add(
            [
                self._delivery(webhook, change, now, waits=number < free)
                for number, change in enumerate(wanted)
            ]
        )

    def _delivery(
        self, webhook: Webhook, change: Change, now: datetime, *, waits: bool
    ) -> Delivery:
        return Delivery(
            delivery_id=self._new_id("msg"),
            webhook_id=webhook.webhook_id,
            event_id=change.position.event_id,
            event_type=change.kind,
            body=self._encode(change, now),
            status=DeliveryStatus.PENDING if waits else DeliveryStatus.DEAD,
            attempts=0,
            created_time=now,
            next_attempt_time=now,
            settled_time=None if waits else now,
            last_error="" if waits else _BACKLOG_FULL,
        )
