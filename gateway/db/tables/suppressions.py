"""Suppression rules, their history, and the alerts that they held back."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from gateway.db.tables.base import RowNumber, metadata
from gateway.db.types import UtcTime

# Field order is that of domain.suppression.Suppression.
suppressions = Table(
    "suppressions",
    metadata,
    Column("suppression_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("entity_type", String(16), nullable=False),
    Column("entity_id", String(64), nullable=False),
    Column("reason_code", String(64)),
    Column("include_critical", Boolean, nullable=False),
    Column("comment", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("until_time", UtcTime, nullable=False),
    Column("ended_time", UtcTime),
    Column("ended_by", String(64)),
    Column("hit_count", BigInteger, nullable=False),
    Column("last_hit_time", UtcTime),
    # What ingest asks for, and the list.
    Index(None, "entity_id", "until_time"),
    Index(None, "created_time", "suppression_id"),
)

# Rows are only ever added.
suppression_events = Table(
    "suppression_events",
    metadata,
    Column("event_id", RowNumber, primary_key=True, autoincrement=True),
    Column("suppression_id", String(64), ForeignKey("suppressions.suppression_id"), nullable=False),
    Column("action", String(32), nullable=False),
    Column("analyst_id", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("event_time", UtcTime, nullable=False),
    Index(None, "suppression_id", "event_id"),
)

# Rows are only ever added. Field order is that of domain.suppression.SuppressionHit.
suppression_hits = Table(
    "suppression_hits",
    metadata,
    Column("transaction_id", String(64), primary_key=True),
    Column("suppression_id", String(64), ForeignKey("suppressions.suppression_id"), nullable=False),
    Column("alert_id", String(64), nullable=False),
    Column("risk_score", Double, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("leading_reason", String(64), nullable=False),
    Column("event_time", UtcTime, nullable=False),
    Index(None, "suppression_id", "event_time", "transaction_id"),
)
