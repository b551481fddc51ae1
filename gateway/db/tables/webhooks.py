"""Webhooks, what is on its way to them, and how far the log of changes was queued for them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.db.tables.base import metadata
from gateway.db.types import UtcTime

# Field order is that of domain.webhook.Webhook; `events` has commas between them.
webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("description", String(200), nullable=False),
    Column("events", String(100), nullable=False),
    Column("severity_min", String(16), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("disabled_reason", String(64), nullable=False),
    Column("sealed_secret", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("updated_time", UtcTime, nullable=False),
)

# One row (id 1): up to where changes became deliveries. It moves with the deliveries themselves.
webhook_position = Table(
    "webhook_position",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("database_xid", BigInteger, nullable=False),
    Column("event_id", BigInteger, nullable=False),
)

# Field order is that of domain.webhook.Delivery.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("delivery_id", String(64), primary_key=True),
    Column(
        "webhook_id",
        String(64),
        ForeignKey("webhooks.webhook_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("event_id", BigInteger),
    Column("event_type", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("next_attempt_time", UtcTime, nullable=False),
    Column("settled_time", UtcTime),
    Column("last_status", Integer),
    Column("last_error", String(200), nullable=False),
    UniqueConstraint("webhook_id", "event_id"),
    # What is due, what waits, and the lists.
    Index(None, "status", "webhook_id", "next_attempt_time"),
    Index(None, "webhook_id", "created_time", "delivery_id"),
    Index(None, "webhook_id", "status", "created_time", "delivery_id"),
    Index(None, "status", "settled_time"),
)
