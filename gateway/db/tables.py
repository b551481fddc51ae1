"""The tables. Money is integer minor units, time is UTC, enumerations are their names."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from gateway.db.types import UtcTime

# SQLite counts rows by itself only for a key of its own INTEGER type.
_RowNumber = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One row (id 1): how far the feed has been taken in. It changes only together with the rows it
# covers.
feed_position = Table(
    "feed_position",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("journal_id", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("updated_time", UtcTime, nullable=False),
)

# Who does what only one process may do.
leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("expires_time", UtcTime, nullable=False),
)

# Events that could not be taken in, kept for a person to look at.
dead_events = Table(
    "dead_events",
    metadata,
    Column("journal_id", String(64), primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_time", UtcTime, nullable=False),
)

# Column order is the field order of domain.transaction.TransactionRecord.
transactions = Table(
    "transactions",
    metadata,
    Column("transaction_id", String(64), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("event_time", UtcTime, nullable=False),
    Column("ingest_time", UtcTime, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("merchant_id", String(64)),
    Column("terminal_id", String(64)),
    Column("device_id", String(64)),
    Column("counterparty_account_id", String(64)),
    Column("instrument_id", String(64)),
    Column("side", String(8)),
    Column("amount_minor", BigInteger),
    Column("currency", String(3), nullable=False),
    Column("price_nanos", BigInteger),
    Column("quantity_micros", BigInteger),
    Column("venue", String(64)),
    Column("order_id", String(64)),
    Column("owner_id", String(64)),
    Column("channel", String(16)),
    Column("mcc", SmallInteger),
    Column("country", String(2)),
    Column("latitude_deg", Double),
    Column("longitude_deg", Double),
    Column("ip_address", String(45)),
    Column("card_bin", String(8)),
    Column("risk_score", Double, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("statistical", Double, nullable=False),
    Column("behavioral", Double, nullable=False),
    Column("ml", Double),
    Column("model_name", String(128), nullable=False),
    Column("model_version", String(128), nullable=False),
    Column("degraded_reasons", Text, nullable=False),
    Column("alert_id", String(64)),
    Column("reasons", Text, nullable=False),
    # An account's past, and the event clock that its labels are put on.
    Index(None, "account_id", "event_time"),
    Index(
        "ix_transactions_merchant_id_event_time",
        "merchant_id",
        "event_time",
        postgresql_where=text("merchant_id IS NOT NULL"),
        sqlite_where=text("merchant_id IS NOT NULL"),
    ),
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
    # The three orders of the list, each with the id that makes it total.
    Index(None, "raised_time", "alert_id"),
    Index(None, "risk_score", "alert_id"),
    Index(None, "is_open", "queue_rank", "alert_id"),
    Index(None, "status", "severity"),
    # Folding, and an account's past alerts.
    Index(None, "account_id", "leading_reason", "first_event_time"),
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

# The history of every alert. Rows are only ever added.
alert_events = Table(
    "alert_events",
    metadata,
    Column("event_id", _RowNumber, primary_key=True, autoincrement=True),
    Column("alert_id", String(64), ForeignKey("alerts.alert_id"), nullable=False),
    Column("action", String(32), nullable=False),
    Column("old_status", String(16)),
    Column("new_status", String(16), nullable=False),
    Column("analyst_id", String(64), nullable=False),
    Column("content", Text, nullable=False),
    Column("event_time", UtcTime, nullable=False),
    Index(None, "alert_id", "event_id"),
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
    Index(None, "alert_id"),
    Index(None, "decided_time", "decision_id"),
    Index(None, "analyst_id", "decided_time"),
)

# Labels on their way to the scoring server; `status` is PENDING, DELIVERED or REFUSED.
label_outbox = Table(
    "label_outbox",
    metadata,
    Column("position", _RowNumber, primary_key=True, autoincrement=True),
    Column("label_id", String(64), nullable=False, unique=True),
    Column("transaction_id", String(64), nullable=False),
    Column("value", String(16), nullable=False),
    Column("known_time", UtcTime, nullable=False),
    Column("created_time", UtcTime, nullable=False),
    Column("status", String(16), nullable=False),
    Column("result", Text, nullable=False),
    Column("delivered_time", UtcTime),
    Index(None, "status", "position"),
)

# The label that counts for each transaction now, with what analytics need beside it.
labels = Table(
    "labels",
    metadata,
    Column("transaction_id", String(64), primary_key=True),
    Column("label_id", String(64), nullable=False),
    Column("value", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("known_time", UtcTime, nullable=False),
    Column("event_time", UtcTime),
    Column("risk_score", Double),
    Column("alerted", Boolean),
    Column("model_version", String(128)),
    Index(None, "event_time"),
)

# What the dashboard shows, by hour of our clock, so that it never reads the transactions.
hourly_rollups = Table(
    "hourly_rollups",
    metadata,
    Column("hour", UtcTime, primary_key=True),
    Column("transactions", BigInteger, nullable=False),
    Column("alerts", BigInteger, nullable=False),
    Column("alerts_low", BigInteger, nullable=False),
    Column("alerts_medium", BigInteger, nullable=False),
    Column("alerts_high", BigInteger, nullable=False),
    Column("alerts_critical", BigInteger, nullable=False),
    Column("resolved", BigInteger, nullable=False),
    Column("false_positives", BigInteger, nullable=False),
    Column("frauds", BigInteger, nullable=False),
)
