"""Make the tables of what comes in over the feed."""

import sqlalchemy as sa
from alembic import op

from gateway.db.types import UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "dead_events",
        sa.Column("journal_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("journal_id", "sequence", name=op.f("pk_dead_events")),
    )
    op.create_table(
        "feed_position",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("journal_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("updated_time", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_position")),
    )
    op.create_table(
        "hourly_rollups",
        sa.Column("hour", UtcTime(), nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("alerts", sa.BigInteger(), nullable=False),
        sa.Column("alerts_low", sa.BigInteger(), nullable=False),
        sa.Column("alerts_medium", sa.BigInteger(), nullable=False),
        sa.Column("alerts_high", sa.BigInteger(), nullable=False),
        sa.Column("alerts_critical", sa.BigInteger(), nullable=False),
        sa.Column("resolved", sa.BigInteger(), nullable=False),
        sa.Column("false_positives", sa.BigInteger(), nullable=False),
        sa.Column("frauds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", name=op.f("pk_hourly_rollups")),
    )
    op.create_table(
        "labels",
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("label_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("known_time", UtcTime(), nullable=False),
        sa.Column("event_time", UtcTime(), nullable=True),
        sa.Column("risk_score", sa.Double(), nullable=True),
        sa.Column("alerted", sa.Boolean(), nullable=True),
        sa.Column("model_version", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_event_time"), "labels", ["event_time"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("expires_time", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "transactions",
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("event_time", UtcTime(), nullable=False),
        sa.Column("ingest_time", UtcTime(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("merchant_id", sa.String(length=64), nullable=True),
        sa.Column("terminal_id", sa.String(length=64), nullable=True),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("counterparty_account_id", sa.String(length=64), nullable=True),
        sa.Column("instrument_id", sa.String(length=64), nullable=True),
        sa.Column("side", sa.String(length=8), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_nanos", sa.BigInteger(), nullable=True),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=True),
        sa.Column("venue", sa.String(length=64), nullable=True),
        sa.Column("order_id", sa.String(length=64), nullable=True),
        sa.Column("owner_id", sa.String(length=64), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("mcc", sa.SmallInteger(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("latitude_deg", sa.Double(), nullable=True),
        sa.Column("longitude_deg", sa.Double(), nullable=True),
        sa.Column("ip_address", sa.String(length=45), nullable=True),
        sa.Column("card_bin", sa.String(length=8), nullable=True),
        sa.Column("risk_score", sa.Double(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("statistical", sa.Double(), nullable=False),
        sa.Column("behavioral", sa.Double(), nullable=False),
        sa.Column("ml", sa.Double(), nullable=True),
        sa.Column("model_name", sa.String(length=128), nullable=False),
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column("degraded_reasons", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_transactions")),
    )
    op.create_index(
        op.f("ix_transactions_account_id_event_time"),
        "transactions",
        ["account_id", "event_time"],
        unique=False,
    )
    op.create_index(
        "ix_transactions_merchant_id_event_time",
        "transactions",
        ["merchant_id", "event_time"],
        unique=False,
        postgresql_where=sa.text("merchant_id IS NOT NULL"),
        sqlite_where=sa.text("merchant_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("transactions")
    op.drop_table("leases")
    op.drop_table("labels")
    op.drop_table("hourly_rollups")
    op.drop_table("feed_position")
    op.drop_table("dead_events")
