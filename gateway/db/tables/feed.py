"""What comes in over the feed, and the hourly counts kept beside it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from gateway.db.tables.base import metadata
from gateway.db.types import UtcTime

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
    # What came in last.
    Index(None, "ingest_time"),
    # An account's past, the event clock that its labels are put on, and the pages of entities.
    Index(None, "account_id", "event_time"),
    *(
        Index(
            f"ix_transactions_{column}_event_time",
            column,
            "event_time",
            postgresql_where=text(f"{column} IS NOT NULL"),
            sqlite_where=text(f"{column} IS NOT NULL"),
        )
        for column in (
            "merchant_id",
            "device_id",
            "ip_address",
            "counterparty_account_id",
            "instrument_id",
            "owner_id",
        )
    ),
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
    Column("since_time", UtcTime),
    Column("kind", String(8)),
    Column("currency", String(3)),
    Column("amount_minor", BigInteger),
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
