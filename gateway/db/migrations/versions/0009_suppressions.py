"""Make the tables of suppression rules, their history and their hits.

Only adds tables, so that the previous version serves on beside it.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.growing import let_only_grow
from gateway.db.types import UtcTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "suppressions",
        sa.Column("suppression_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("reason_code", sa.String(length=64), nullable=True),
        sa.Column("include_critical", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.Column("until_time", UtcTime(), nullable=False),
        sa.Column("ended_time", UtcTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("hit_count", sa.BigInteger(), nullable=False),
        sa.Column("last_hit_time", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("suppression_id", name=op.f("pk_suppressions")),
    )
    op.create_index(
        op.f("ix_suppressions_entity_id_until_time"), "suppressions", ["entity_id", "until_time"]
    )
    op.create_index(
        op.f("ix_suppressions_created_time_suppression_id"),
        "suppressions",
        ["created_time", "suppression_id"],
    )
    op.create_table(
        "suppression_events",
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("suppression_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("analyst_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("event_time", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["suppression_id"],
            ["suppressions.suppression_id"],
            name=op.f("fk_suppression_events_suppression_id_suppressions"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_suppression_events")),
    )
    op.create_index(
        op.f("ix_suppression_events_suppression_id_event_id"),
        "suppression_events",
        ["suppression_id", "event_id"],
    )
    op.create_table(
        "suppression_hits",
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("suppression_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("risk_score", sa.Double(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("leading_reason", sa.String(length=64), nullable=False),
        sa.Column("event_time", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["suppression_id"],
            ["suppressions.suppression_id"],
            name=op.f("fk_suppression_hits_suppression_id_suppressions"),
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_suppression_hits")),
    )
    op.create_index(
        op.f("ix_suppression_hits_suppression_id_event_time_transaction_id"),
        "suppression_hits",
        ["suppression_id", "event_time", "transaction_id"],
    )
    let_only_grow("suppression_events", "suppression_hits")


def downgrade() -> None:
    """Undo."""
    op.drop_table("suppression_hits")
    op.drop_table("suppression_events")
    op.drop_table("suppressions")
