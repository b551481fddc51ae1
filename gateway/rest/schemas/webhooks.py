"""Bodies of the endpoints about webhooks, and of what webhooks send."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.change import ChangeKind
from gateway.domain.enumerations import Severity
from gateway.domain.target import URL_LENGTH_MAX
from gateway.domain.webhook import DeliveryStatus
from gateway.rest.schemas.alerts import PaginationBody
from gateway.rest.schemas.live import AlertChangeBody

Url = Annotated[str, Meta(min_length=1, max_length=URL_LENGTH_MAX)]
Description = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]
Events = Annotated[tuple[ChangeKind, ...], Meta(min_length=1, max_length=len(ChangeKind))]
Version = Annotated[int, Meta(ge=1)]


class DeliveryFilter(StrEnum):
    """A status of deliveries, or ALL for no filter."""

    ALL = "ALL"
    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class WebhookBody(Struct, kw_only=True):
    """A webhook.

    Attributes:
        disabled_reason: why we made it inactive: GONE or SECRET_UNREADABLE.
    """

    webhook_id: str
    version: int
    url: str
    description: str
    events: list[ChangeKind]
    severity_min: Severity
    active: bool
    disabled_reason: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class WebhookWithSecretBody(WebhookBody, kw_only=True):
    """A webhook with its secret, which is shown this once."""

    secret: str


class NewWebhookBody(Struct, kw_only=True):
    """A webhook to add."""

    url: Url
    description: Description = ""
    events: Events = tuple(ChangeKind)
    severity_min: Severity = Severity.LOW
    active: bool = True


class WebhookChangeBody(Struct, kw_only=True):
    """What to change; what is left out stays."""

    url: Url | None = None
    description: Description | None = None
    events: Events | None = None
    severity_min: Severity | None = None
    active: bool | None = None
    expected_version: Version | None = None


class DeliveryBody(Struct, kw_only=True):
    """A delivery.

    Attributes:
        delivery_id: the header webhook-id.
        next_attempt_at: null once it is settled.
        body: what is sent, as text.
    """

    delivery_id: str
    webhook_id: str
    event_type: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None
    last_status: int | None
    last_error: str
    body: str


class WebhookEnvelope(Struct):
    """A webhook as `data`."""

    data: WebhookBody


class WebhookWithSecretEnvelope(Struct):
    """A webhook with its secret as `data`."""

    data: WebhookWithSecretBody


class WebhookListBody(Struct):
    """All webhooks on one page; there are at most 50."""

    data: list[WebhookBody]
    pagination: PaginationBody


class DeliveryEnvelope(Struct):
    """A delivery as `data`."""

    data: DeliveryBody


class DeliveryListBody(Struct):
    """A page of deliveries."""

    data: list[DeliveryBody]
    pagination: PaginationBody


class PingBody(Struct):
    """The data of a ping."""

    message: str


class MessageBody(Struct, kw_only=True):
    """What a webhook sends, in the form of Standard Webhooks."""

    type: str
    timestamp: datetime
    data: AlertChangeBody | PingBody
