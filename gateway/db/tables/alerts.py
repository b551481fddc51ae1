"""Alerts, their history, and what analysts leave behind."""

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
    false,
    text,
)

from gateway.db.tables.base import RowNumber, metadata
from gateway.db.types import UtcTime


def _search_index(searched: str, *others: str) -> Index:
    # Compared as plain text, whatever the language of the database.
    return Index(
        f"ix_alerts_search_{searched}",
        searched,
        *others,
        postgresql_ops={searched: "varchar_pattern_ops"},
    )


# Field order is that of domain.alert.Alert.
alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("risk_score", Double, nullable=False),
    Column("entity", String(64), nullable=False),
    Column("entity_type", String(16), nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("leading_reason", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("transaction_id", String(64), nullable=False),
    Column("transaction_count", Integer, nullable=False),
    Column("first_event_time", UtcTime, nullable=False),
    Column("last_event_time", UtcTime, nullable=False),
    Column("raised_time", UtcTime, nullable=False),
    Column("updated_time", UtcTime, nullable=False),
    Column("response_deadline", UtcTime, nullable=False),
    Column("resolution_deadline", UtcTime, nullable=False),
    Column("claimed_time", UtcTime),
    Column("closed_time", UtcTime),
    Column("outcome", String(16)),
    Column("assigned_to", String(64)),
    Column("fraud_count", Integer, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("queue_rank", Double, nullable=False),
    Column("owner_id", String(64)),
    # The three orders of the list, each with the id that makes it total.
    Index(None, "raised_time", "alert_id"),
    Index(None, "risk_score", "alert_id"),
    Index(None, "is_open", "queue_rank", "alert_id"),
    # What waits, and what somebody has, most urgent first.
    Index(
        "ix_alerts_waiting",
        "queue_rank",
        "alert_id",
        postgresql_where=text("status = 'ACTIVE'"),
        sqlite_where=text("status = 'ACTIVE'"),
    ),
    Index(
        "ix_alerts_held",
        "assigned_to",
        "queue_rank",
        "alert_id",
        postgresql_where=text("is_open"),
        sqlite_where=text("is_open = 1"),
    ),
    # The same orders for every filter; a filter that names one of the two merges four ranges.
    Index(None, "status", "severity", "raised_time", "alert_id"),
    Index(None, "status", "severity", "risk_score", "alert_id"),
    Index(None, "status", "severity", "queue_rank", "alert_id"),
    # Search by the start of an id.
    _search_index("alert_id"),
    _search_index("entity", "alert_id"),
    _search_index("account_id", "alert_id"),
    _search_index("transaction_id", "alert_id"),
    # Folding, and an account's past alerts.
    Index(None, "account_id", "leading_reason", "first_event_time"),
    Index(None, "account_id", "raised_time"),
    # What may go into one case.
    Index(
        "ix_alerts_owner_id",
        "owner_id",
        postgresql_where=text("owner_id IS NOT NULL"),
        sqlite_where=text("owner_id IS NOT NULL"),
    ),
)

alert_transactions = Table(
    "alert_transactions",
    metadata,
    Column("transaction_id", String(64), primary_key=True),
    Column("alert_id", String(64), ForeignKey("alerts.alert_id"), nullable=False),
    Column("raised_alert_id", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("risk_score", Double, nullable=False),
    Column("event_time", UtcTime, nullable=False),
    Index(None, "alert_id", "event_time"),
    Index(None, "raised_alert_id"),
)

# The history of every alert, and the log of changes that live clients and webhooks follow. Rows are
# only ever added. `database_xid` is the transaction of PostgreSQL that added a row; it is 0 on
# SQLite, and in rows of a version before. See db/change_order.py.
alert_events = Table(
    "alert_events",
    metadata,
    Column("event_id", RowNumber, primary_key=True, autoincrement=True),
    Column("alert_id", String(64), ForeignKey("alerts.alert_id"), nullable=False),
    Column("action", String(32), nullable=False),
    Column("old_status", String(16)),
    Column("new_status", String(16), nullable=False),
    Column("analyst_id", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("event_time", UtcTime, nullable=False),
    Column("database_xid", BigInteger, nullable=False, server_default=text("0")),
    Index(None, "alert_id", "event_id"),
    Index(
        "ix_alert_events_changes",
        "database_xid",
        "event_id",
        postgresql_where=text("database_xid > 0"),
        sqlite_where=text("database_xid > 0"),
    ),
)

notes = Table(
    "notes",
    metadata,
    Column("note_id", String(64), primary_key=True),
    Column("alert_id", String(64), ForeignKey("alerts.alert_id"), nullable=False),
    Column("content", Text, nullable=False),
    Column("analyst_id", String(64), nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Index(None, "alert_id", "created_time"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", String(64), primary_key=True),
    Column("alert_id", String(64), ForeignKey("alerts.alert_id"), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("notes", Text, nullable=False),
    Column("analyst_id", String(64), nullable=False),
    Column("confidence", Double),
    Column("decided_time", UtcTime, nullable=False),
    # When the alert was reopened; until then, and for ever for REVIEW, the decision stands.
    Column("withdrawn_time", UtcTime),
    # Whether it is in `feedback_counts`. One that another version stored is counted later.
    Column("counted", Boolean, nullable=False, server_default=false()),
    Index(None, "alert_id"),
    Index(None, "decided_time", "decision_id"),
    Index(None, "analyst_id", "decided_time"),
    *(
        Index(
            f"ix_decisions_{name}",
            *columns,
            "decided_time",
            "decision_id",
            postgresql_where=text("decision <> 'REVIEW'"),
            sqlite_where=text("decision <> 'REVIEW'"),
        )
        for name, columns in (
            ("resolved", ()),
            ("resolved_decision", ("decision",)),
            ("resolved_analyst_id", ("analyst_id",)),
            ("resolved_analyst_id_decision", ("analyst_id", "decision")),
        )
    ),
    Index(
        "ix_decisions_uncounted",
        "decision_id",
        postgresql_where=text("NOT counted"),
        sqlite_where=text("NOT counted"),
    ),
)

# Labels on their way to the scoring server; `status` is PENDING, DELIVERED or REFUSED.
label_outbox = Table(
    "label_outbox",
    metadata,
    Column("position", RowNumber, primary_key=True, autoincrement=True),
    Column("label_id", String(64), nullable=False, unique=True),
    Column("transaction_id", String(64), nullable=False),
    Column("value", String(16), nullable=False),
    Column("known_time", UtcTime, nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("status", String(16), nullable=False),
    Column("result", Text, nullable=False),
    Column("delivered_time", UtcTime),
    Column("source", String(16), nullable=False, server_default="ANALYST"),
    Column("reported_by", String(64), nullable=False, server_default=""),
    Index(None, "status", "position"),
)
