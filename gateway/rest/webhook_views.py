"""From webhooks and deliveries to the bodies that show them, and to what is sent."""

from datetime import datetime

import msgspec

from gateway.domain.change import Change
from gateway.domain.webhook import PING, Delivery, DeliveryStatus, Webhook
from gateway.rest.live_frames import alert_change
from gateway.rest.schemas import webhooks as bodies


def _fields(each: Webhook) -> dict[str, object]:
    return {
        "webhook_id": each.webhook_id,
        "version": each.version,
        "url": each.url,
        "description": each.description,
        "events": list(each.events),
        "severity_min": each.severity_min,
        "active": each.active,
        "disabled_reason": each.disabled_reason or None,
        "created_by": each.created_by,
        "created_at": each.created_time,
        "updated_at": each.updated_time,
    }


def webhook(each: Webhook) -> bodies.WebhookBody:
    """Return a webhook, without its secret."""
    return bodies.WebhookBody(**_fields(each))  # type: ignore[arg-type]


def with_secret(each: Webhook, secret: str) -> bodies.WebhookWithSecretBody:
    """Return a webhook with a secret that is new."""
    return bodies.WebhookWithSecretBody(**_fields(each), secret=secret)  # type: ignore[arg-type]


def delivery(each: Delivery) -> bodies.DeliveryBody:
    """Return a delivery."""
    waits = each.status is DeliveryStatus.PENDING
    return bodies.DeliveryBody(
        delivery_id=each.delivery_id,
        webhook_id=each.webhook_id,
        event_type=each.event_type,
        status=each.status,
        attempts=each.attempts,
        created_at=each.created_time,
        next_attempt_at=each.next_attempt_time if waits else None,
        settled_at=each.settled_time,
        last_status=each.last_status,
        last_error=each.last_error,
        body=each.body,
    )


def change_message(change: Change, now: datetime) -> str:
    """Return what is sent about a change."""
    message = bodies.MessageBody(
        type=change.kind, timestamp=change.event.event_time, data=alert_change(change, now)
    )
    return msgspec.json.encode(message).decode()


def ping_message(now: datetime) -> str:
    """Return what is sent to see whether it arrives."""
    data = bodies.PingBody("somebody wants to see whether this arrives")
    return msgspec.json.encode(bodies.MessageBody(type=PING, timestamp=now, data=data)).decode()
