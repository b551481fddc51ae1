"""Make the tables of alerts and of what analysts leave behind."""

import sqlalchemy as sa
from alembic import op

from gateway.db.types import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("risk_score", sa.Double(), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.String(length=64), nullable=False),
        sa.Column("leading_reason", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("transaction_count", sa.Integer(), nullable=False),
        sa.Column("first_event_time", UtcTime(), nullable=False),
        sa.Column("last_event_time", UtcTime(), nullable=False),
        sa.Column("raised_time", UtcTime(), nullable=False),
        sa.Column("updated_time", UtcTime(), nullable=False),
        sa.Column("response_deadline", UtcTime(), nullable=False),
        sa.Column("resolution_deadline", UtcTime(), nullable=False),
        sa.Column("claimed_time", UtcTime(), nullable=True),
        sa.Column("closed_time", UtcTime(), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("assigned_to", sa.String(length=64), nullable=True),
        sa.Column("fraud_count", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("queue_rank", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
    )
    op.create_index(
        op.f("ix_alerts_account_id_leading_reason_first_event_time"),
        "alerts",
        ["account_id", "leading_reason", "first_event_time"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alerts_is_open_queue_rank_alert_id"),
        "alerts",
        ["is_open", "queue_rank", "alert_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alerts_raised_time_alert_id"), "alerts", ["raised_time", "alert_id"], unique=False
    )
    op.create_index(
        op.f("ix_alerts_risk_score_alert_id"), "alerts", ["risk_score", "alert_id"], unique=False
    )
    op.create_index(
        op.f("ix_alerts_status_severity"), "alerts", ["status", "severity"], unique=False
    )
    op.create_table(
        "label_outbox",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("label_id", sa.String(length=64), nullable=False),
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("known_time", UtcTime(), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("delivered_time", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_label_outbox")),
        sa.UniqueConstraint("label_id", name=op.f("uq_label_outbox_label_id")),
    )
    op.create_index(
        op.f("ix_label_outbox_status_position"),
        "label_outbox",
        ["status", "position"],
        unique=False,
    )
    op.create_table(
        "alert_events",
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("old_status", sa.String(length=16), nullable=True),
        sa.Column("new_status", sa.String(length=16), nullable=False),
        sa.Column("analyst_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("event_time", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name=op.f("fk_alert_events_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_alert_events")),
    )
    op.create_index(
        op.f("ix_alert_events_alert_id_event_id"),
        "alert_events",
        ["alert_id", "event_id"],
        unique=False,
    )
    op.create_table(
        "alert_transactions",
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("raised_alert_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("risk_score", sa.Double(), nullable=False),
        sa.Column("event_time", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name=op.f("fk_alert_transactions_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_alert_transactions")),
    )
    op.create_index(
        op.f("ix_alert_transactions_alert_id_event_time"),
        "alert_transactions",
        ["alert_id", "event_time"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alert_transactions_raised_alert_id"),
        "alert_transactions",
        ["raised_alert_id"],
        unique=False,
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("analyst_id", sa.String(length=64), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("decided_time", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name=op.f("fk_decisions_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_alert_id"), "decisions", ["alert_id"], unique=False)
    op.create_index(
        op.f("ix_decisions_analyst_id_decided_time"),
        "decisions",
        ["analyst_id", "decided_time"],
        unique=False,
    )
    op.create_index(
        op.f("ix_decisions_decided_time_decision_id"),
        "decisions",
        ["decided_time", "decision_id"],
        unique=False,
    )
    op.create_table(
        "notes",
        sa.Column("note_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("analyst_id", sa.String(length=64), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name=op.f("fk_notes_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_notes")),
    )
    op.create_index(
        op.f("ix_notes_alert_id_created_time"), "notes", ["alert_id", "created_time"], unique=False
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("notes")
    op.drop_table("decisions")
    op.drop_table("alert_transactions")
    op.drop_table("alert_events")
    op.drop_table("label_outbox")
    op.drop_table("alerts")
