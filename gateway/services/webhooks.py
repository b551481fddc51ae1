"""Looking after webhooks. Every change is a row in the record of access."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.domain.change import ChangeKind
from gateway.domain.enumerations import Severity
from gateway.domain.listing import Listed
from gateway.domain.pagination import PageQuery
from gateway.domain.people import AccessEvent
from gateway.domain.target import TargetRules, url_fault
from gateway.domain.webhook import (
    PING,
    WEBHOOKS_MAX,
    Delivery,
    DeliveryStatus,
    Webhook,
    again,
)
from gateway.errors import ConflictError, FieldFault, InvalidArgumentError, NotFoundError
from gateway.services.people import Author
from gateway.services.sealing import Sealing, new_secret
from gateway.services.webhook_ports import WebhookDatabase, WebhookUnit

# Deliveries that are deleted in one transaction.
_DROPPED_MAX = 2_000


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook to be made; see domain/webhook.py for its parts."""

    url: str
    description: str
    events: tuple[ChangeKind, ...]
    severity_min: Severity
    active: bool


class WebhookChange(msgspec.Struct, frozen=True, kw_only=True):
    """What to change about a webhook; None leaves it."""

    url: str | None = None
    description: str | None = None
    events: tuple[ChangeKind, ...] | None = None
    severity_min: Severity | None = None
    active: bool | None = None


class WebhookService:
    """The use cases of /api/webhooks."""

    def __init__(
        self,
        database: WebhookDatabase,
        sealing: Sealing,
        rules: TargetRules,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
        ping_body: Callable[[datetime], str],
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._sealing = sealing
        self._rules = rules
        self._now = now
        self._new_id = new_id
        self._ping_body = ping_body
        self._wake = wake

    async def all(self) -> list[Webhook]:
        """Return all webhooks, newest first; there are few."""
        async with self._database.read() as unit:
            return await unit.webhooks.all()

    async def get(self, webhook_id: str) -> Webhook:
        """Return a webhook or raise NotFoundError."""
        async with self._database.read() as unit:
            return await _present(unit, webhook_id)

    async def add(self, asked: NewWebhook, author: Author) -> tuple[Webhook, str]:
        """Return a new webhook, and its secret, which cannot be had again.

        It is told of what happens from now on.

        Raises:
            InvalidArgumentError: the URL leads where it must not.
            ConflictError: there are too many already.
        """
        self._require_good_url(asked.url)
        now, secret, webhook_id = self._now(), new_secret(), self._new_id("whk")
        webhook = Webhook(
            webhook_id=webhook_id,
            version=1,
            url=asked.url,
            description=asked.description,
            events=asked.events,
            severity_min=asked.severity_min,
            active=asked.active,
            disabled_reason="",
            sealed_secret=self._sealing.seal(secret, webhook_id),
            created_by=author.name,
            created_time=now,
            updated_time=now,
        )
        async with self._database.write() as unit:
            await _start_from_now(unit)
            if await unit.webhooks.count() >= WEBHOOKS_MAX:
                raise ConflictError(
                    f"there are {WEBHOOKS_MAX} webhooks, which is the most",
                    reason="WEBHOOKS_MAX",
                )
            await unit.webhooks.add(webhook)
            await self._record(unit, "WEBHOOK_ADDED", author, webhook, f"url={webhook.url}")
        return webhook, secret

    async def change(
        self,
        webhook_id: str,
        asked: WebhookChange,
        author: Author,
        expected_version: int | None,
    ) -> Webhook:
        """Change a webhook. Activating it forgets why it was disabled.

        Raises:
            NotFoundError: no such webhook.
            InvalidArgumentError: the URL leads where it must not.
            ConflictError: another version.
        """
        if asked.url is not None:
            self._require_good_url(asked.url)
        given = {
            name: value
            for name, value in msgspec.structs.asdict(asked).items()
            if value is not None
        }
        if asked.active:
            given["disabled_reason"] = ""
        detail = " ".join(f"{name}={_text(value)}" for name, value in sorted(given.items()))
        return await self._change(webhook_id, given, author, detail, expected_version)

    async def replace_secret(
        self, webhook_id: str, author: Author, expected_version: int | None
    ) -> tuple[Webhook, str]:
        """Return a webhook with a new secret; the one before signs nothing any more.

        Raises:
            NotFoundError: no such webhook.
            ConflictError: another version.
        """
        secret = new_secret()
        given: dict[str, object] = {"sealed_secret": self._sealing.seal(secret, webhook_id)}
        webhook = await self._change(
            webhook_id, given, author, "secret was replaced", expected_version
        )
        return webhook, secret

    async def remove(self, webhook_id: str, author: Author) -> None:
        """Remove a webhook and all its deliveries, or raise NotFoundError."""
        await self.get(webhook_id)
        # Some at a time, as there may be millions; what comes in between goes with the webhook.
        gone = _DROPPED_MAX
        while gone == _DROPPED_MAX:
            async with self._database.write() as unit:
                gone = await unit.deliveries.drop(webhook_id, _DROPPED_MAX)
        async with self._database.write() as unit:
            webhook = await _present(unit, webhook_id)
            await unit.webhooks.remove(webhook_id)
            await self._record(unit, "WEBHOOK_REMOVED", author, webhook, f"url={webhook.url}")

    async def ping(self, webhook_id: str) -> Delivery:
        """Return a delivery that tells of nothing, to see whether it arrives.

        Raises:
            NotFoundError: no such webhook.
            ConflictError: the webhook is not active.
        """
        now = self._now()
        delivery = Delivery(
            delivery_id=self._new_id("msg"),
            webhook_id=webhook_id,
            event_id=None,
            event_type=PING,
            body=self._ping_body(now),
            status=DeliveryStatus.PENDING,
            attempts=0,
            created_time=now,
            next_attempt_time=now,
        )
        async with self._database.write() as unit:
            _require_active(await _present(unit, webhook_id))
            await unit.deliveries.add([delivery])
        self._wake()
        return delivery

    async def deliveries(
        self, webhook_id: str, status: DeliveryStatus | None, query: PageQuery
    ) -> Listed[Delivery]:
        """Return deliveries of a webhook, newest first, or raise NotFoundError."""
        async with self._database.read() as unit:
            await _present(unit, webhook_id)
            return await unit.deliveries.page(webhook_id, status, query)

    async def redeliver(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Make a dead delivery due again, with the same id.

        Raises:
            NotFoundError: no such webhook or delivery.
            ConflictError: the webhook is not active, or the delivery is not dead.
        """
        async with self._database.write() as unit:
            _require_active(await _present(unit, webhook_id))
            before = await unit.deliveries.get(webhook_id, delivery_id)
            if before is None:
                raise NotFoundError("no such delivery", details={"delivery_id": delivery_id})
            after = again(before, self._now())
            dead = before.status is DeliveryStatus.DEAD
            if not (dead and await unit.deliveries.put(before, after)):
                raise ConflictError(
                    f"the delivery is {before.status}; only a DEAD one is delivered again",
                    reason="DELIVERY_NOT_DEAD",
                    details={"status": before.status},
                )
        self._wake()
        return after

    async def _change(
        self,
        webhook_id: str,
        given: dict[str, object],
        author: Author,
        detail: str,
        expected_version: int | None,
    ) -> Webhook:
        async with self._database.write() as unit:
            before = await _present(unit, webhook_id)
            after = msgspec.structs.replace(
                before, version=before.version + 1, updated_time=self._now(), **given
            )
            if given.get("active"):
                await _start_from_now(unit)
            stale = expected_version not in {None, before.version}
            if stale or not await unit.webhooks.change(after, before.version):
                raise ConflictError(
                    "somebody else changed the webhook first; read it again",
                    reason="STALE_VERSION",
                    details={"version": before.version, "expected_version": expected_version},
                )
            await self._record(unit, "WEBHOOK_CHANGED", author, after, detail)
        return after

    def _require_good_url(self, url: str) -> None:
        if fault := url_fault(url, self._rules):
            message = f"url {fault}"
            raise InvalidArgumentError(message, faults=(FieldFault("url", message),))

    async def _record(
        self, unit: WebhookUnit, action: str, author: Author, webhook: Webhook, detail: str
    ) -> None:
        event = AccessEvent(
            event_id=None,
            event_time=self._now(),
            action=action,
            actor=author.name,
            subject=webhook.webhook_id,
            client=author.client,
            detail=detail,
        )
        await unit.people.add_access_events([event])


async def _start_from_now(unit: WebhookUnit) -> None:
    """Hold the queue still, at the end of the log if nobody else is told of what is before it."""
    position = await unit.webhooks.hold_position(await unit.changes.head())
    if not await unit.webhooks.all(active_only=True):
        await unit.webhooks.advance(max(position, await unit.changes.head()))


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


async def _present(unit: WebhookUnit, webhook_id: str) -> Webhook:
    webhook = await unit.webhooks.get(webhook_id)
    if webhook is None:
        raise NotFoundError("no such webhook", details={"webhook_id": webhook_id})
    return webhook


def _require_active(webhook: Webhook) -> None:
    if not webhook.active:
        raise ConflictError("the webhook is not active", reason="WEBHOOK_INACTIVE")
