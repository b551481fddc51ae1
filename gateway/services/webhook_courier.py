"""Brings deliveries to their receivers, at least once each, by the process that holds the lease.

Each webhook has a few attempts under way at a time and no more, so that one that does not answer
holds up nobody but itself. An attempt that a killed process did not get to record is made again.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.domain.webhook import (
    Delivery,
    DeliveryStatus,
    Outcome,
    RetryRules,
    Webhook,
    after_attempt,
)
from gateway.errors import GatewayError
from gateway.services.lease import Lease
from gateway.services.sealing import Sealing, signature_headers
from gateway.services.uninterrupted import uninterrupted
from gateway.services.webhook_ports import Sender, WebhookDatabase
from gateway.services.webhook_queue import WebhookQueue

# Attempts under way for one webhook.
ATTEMPTS_AT_ONCE = 4
_POLL_S = 0.5
_FAULT_PAUSE_S = 2.0
_FORGET_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


class WebhookCourier:
    """Queues changes and makes attempts until it is cancelled.

    Attributes:
        results: attempts of this process by what became of the delivery.
        backlog: deliveries that waited when somebody looked last.
    """

    def __init__(
        self,
        database: WebhookDatabase,
        queue: WebhookQueue,
        sender: Sender,
        sealing: Sealing,
        lease: Lease,
        rules: RetryRules,
        now: Callable[[], datetime],
        generator: random.Random,
    ) -> None:
        self._database = database
        self._queue = queue
        self._sender = sender
        self._sealing = sealing
        self._lease = lease
        self._rules = rules
        self._now = now
        self._generator = generator
        self._under_way: dict[str, set[str]] = {}
        # Attempts that ended since it was last looked up what is due: the look-up may have seen
        # their deliveries as they were before.
        self._ended: set[str] = set()
        self._attempts: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._forget_s = 0.0
        self.results: Counter[str] = Counter(delivered=0, retried=0, dead=0)
        self.backlog = 0

    def wake(self) -> None:
        """Tell that there is something to do."""
        self._wake.set()

    async def look(self) -> None:
        """Count what waits, for the figures. A database that is away leaves the last value."""
        try:
            async with self._database.read() as unit:
                self.backlog = await unit.deliveries.backlog()
        except GatewayError as error:
            _log.warning("backlog_unknown", fault=error.message)

    async def run(self) -> None:
        """Work for ever."""
        try:
            while True:
                self._wake.clear()
                await self._turn()
                try:
                    async with asyncio.timeout(_POLL_S):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            for task in self._attempts:
                task.cancel()
            await asyncio.gather(*self._attempts, return_exceptions=True)

    async def _turn(self) -> None:
        if not self._lease.held:
            return
        try:
            while await uninterrupted(self._queue.fill()):
                await self._begin_attempts()
            await self._begin_attempts()
            now_s = asyncio.get_running_loop().time()
            if now_s >= self._forget_s:
                self._forget_s = now_s + _FORGET_EVERY_S
                await uninterrupted(self._queue.forget())
        except GatewayError as error:
            _log.warning("webhooks_wait", reason=error.reason, fault=error.message)
            await asyncio.sleep(_FAULT_PAUSE_S)
        except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
            _log.exception("webhooks_failed")
            await asyncio.sleep(_FAULT_PAUSE_S)

    async def _begin_attempts(self) -> None:
        self._ended.clear()
        for webhook, due in await uninterrupted(self._due()):
            under_way = self._under_way.setdefault(webhook.webhook_id, set())
            for delivery in due:
                if len(under_way) >= ATTEMPTS_AT_ONCE:
                    break
                if delivery.delivery_id not in under_way | self._ended:
                    under_way.add(delivery.delivery_id)
                    task = asyncio.create_task(self._attempt(webhook, delivery))
                    self._attempts.add(task)
                    task.add_done_callback(self._attempts.discard)

    async def _due(self) -> list[tuple[Webhook, list[Delivery]]]:
        now = self._now()
        found = []
        async with self._database.read() as unit:
            for webhook in await unit.webhooks.all(active_only=True):
                under_way = len(self._under_way.get(webhook.webhook_id, ()))
                if under_way < ATTEMPTS_AT_ONCE:
                    # Those under way still count as due.
                    limit = ATTEMPTS_AT_ONCE + under_way
                    due = await unit.deliveries.due(webhook.webhook_id, now, limit)
                    found.append((webhook, due))
        return found

    async def _attempt(self, webhook: Webhook, delivery: Delivery) -> None:
        try:
            outcome = await self._send(webhook, delivery)
            await uninterrupted(self._record(webhook, delivery, outcome))
        except GatewayError as error:
            # It stays due and is made again, with the same id.
            _log.warning("webhook_attempt_not_recorded", fault=error.message)
        except Exception:  # noqa: BLE001 - as in _turn
            _log.exception("webhook_attempt_failed")
        finally:
            under_way = self._under_way[webhook.webhook_id]
            under_way.discard(delivery.delivery_id)
            self._ended.add(delivery.delivery_id)
            if not under_way:
                del self._under_way[webhook.webhook_id]
            self._wake.set()

    async def _send(self, webhook: Webhook, delivery: Delivery) -> Outcome | None:
        secret = self._sealing.unseal(webhook.sealed_secret, webhook.webhook_id)
        if secret is None:
            return None
        body = delivery.body.encode()
        timestamp_s = int(self._now().timestamp())
        headers = signature_headers(secret, delivery.delivery_id, timestamp_s, body)
        return await self._sender.post(webhook.url, headers, body)

    async def _record(self, webhook: Webhook, delivery: Delivery, outcome: Outcome | None) -> None:
        now = self._now()
        if outcome is None:
            await self._disable(webhook, "SECRET_UNREADABLE", now)
            return
        after = after_attempt(delivery, outcome, self._rules, self._generator.random(), now)
        async with self._database.write() as unit:
            recorded = await unit.deliveries.put(delivery, after)
        if outcome.gone:
            await self._disable(webhook, "GONE", now)
        if not recorded:
            return
        result = "retried" if after.status is DeliveryStatus.PENDING else after.status.lower()
        self.results[result] += 1
        if not outcome.delivered:
            _log.warning(
                "webhook_not_delivered",
                webhook_id=webhook.webhook_id,
                delivery_id=delivery.delivery_id,
                attempts=after.attempts,
                status=after.status,
                fault=after.last_error,
            )

    async def _disable(self, webhook: Webhook, reason: str, now: datetime) -> None:
        """Make a webhook inactive, with all that waits for it given up."""
        async with self._database.write() as unit:
            # Somebody who changed it meanwhile knows better.
            if await unit.webhooks.change(webhook.disabled(reason, now), webhook.version):
                _log.error("webhook_disabled", webhook_id=webhook.webhook_id, reason=reason)
                await unit.deliveries.give_up(webhook.webhook_id, reason, now)
