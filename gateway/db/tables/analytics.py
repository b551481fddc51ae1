"""What was said about transactions, and the counts from which all analytics are worked out.

In the tables of counts the key's columns come first, in the order of domain.performance.Tally.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Numeric,
    SmallInteger,
    String,
    Table,
)

from gateway.db.tables.base import RowNumber, metadata
from gateway.db.types import UtcTime

# Sums of minor units: exact on PostgreSQL at any size, on SQLite up to 2^63.
Money = Numeric(38, 0).with_variant(BigInteger(), "sqlite")

# Everything that was ever said about a transaction. Rows are only ever added.
label_reports = Table(
    "label_reports",
    metadata,
    Column("position", RowNumber, primary_key=True, autoincrement=True),
    Column("label_id", String(64), nullable=False, unique=True),
    Column("transaction_id", String(64), nullable=False),
    Column("value", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("known_time", UtcTime, nullable=False),
    Column("reported_time", UtcTime, nullable=False),
    Column("reported_by", String(64), nullable=False),
    Column("reference", String(64), nullable=False),
    Index(None, "transaction_id", "known_time", "position"),
)

performance_rollups = Table(
    "performance_rollups",
    metadata,
    Column("grain", String(8), primary_key=True),
    Column("start_time", UtcTime, primary_key=True),
    Column("model_version", String(128), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("transactions", BigInteger, nullable=False),
    Column("alerted", BigInteger, nullable=False),
    Column("fraud", BigInteger, nullable=False),
    Column("fraud_alerted", BigInteger, nullable=False),
    Column("legitimate", BigInteger, nullable=False),
    Column("legitimate_alerted", BigInteger, nullable=False),
)

score_rollups = Table(
    "score_rollups",
    metadata,
    Column("grain", String(8), primary_key=True),
    Column("start_time", UtcTime, primary_key=True),
    Column("model_version", String(128), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("score_bin", SmallInteger, primary_key=True, autoincrement=False),
    Column("transactions", BigInteger, nullable=False),
    Column("fraud", BigInteger, nullable=False),
)

money_rollups = Table(
    "money_rollups",
    metadata,
    Column("grain", String(8), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("start_time", UtcTime, primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("score_bin", SmallInteger, primary_key=True, autoincrement=False),
    Column("transactions", BigInteger, nullable=False),
    Column("fraud", BigInteger, nullable=False),
    Column("amount_minor", Money, nullable=False),
    Column("fraud_minor", Money, nullable=False),
)

# Known frauds by the day on which they happened and the days until they were known.
label_delays = Table(
    "label_delays",
    metadata,
    Column("event_day", UtcTime, primary_key=True),
    Column("alerted", Boolean, primary_key=True),
    Column("delay_days", SmallInteger, primary_key=True, autoincrement=False),
    Column("frauds", BigInteger, nullable=False),
)
