"""Make the tables of cases, and keep with an alert who owns its account.

Only adds, so that the previous version serves on beside it. Alerts that are there already, and
those that the previous version raises, count as their account's own.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.growing import let_only_grow
from gateway.db.types import UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.add_column("alerts", sa.Column("owner_id", sa.String(length=64), nullable=True))
    op.create_table(
        "case_files",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(length=64), nullable=False),
        sa.Column("assigned_to", sa.String(length=64), nullable=True),
        sa.Column("alert_count", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_time", UtcTime(), nullable=False),
        sa.Column("updated_time", UtcTime(), nullable=False),
        sa.Column("closed_time", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_files")),
    )
    for columns in (
        ["created_time", "case_id"],
        ["status", "created_time", "case_id"],
        ["assigned_to", "created_time", "case_id"],
    ):
        op.create_index(op.f(f"ix_case_files_{'_'.join(columns)}"), "case_files", columns)
    op.create_table(
        "case_file_alerts",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_files.case_id"],
            name=op.f("fk_case_file_alerts_case_id_case_files"),
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name=op.f("fk_case_file_alerts_alert_id_alerts")
        ),
        sa.PrimaryKeyConstraint("case_id", "alert_id", name=op.f("pk_case_file_alerts")),
    )
    op.create_index(
        "uq_case_file_alerts_open",
        "case_file_alerts",
        ["alert_id"],
        unique=True,
        postgresql_where=sa.text("is_open"),
        sqlite_where=sa.text("is_open = 1"),
    )
    op.create_table(
        "case_file_events",
        sa.Column(
            "event_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("analyst_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("event_time", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["case_files.case_id"],
            name=op.f("fk_case_file_events_case_id_case_files"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_case_file_events")),
    )
    op.create_index(
        op.f("ix_case_file_events_case_id_event_id"), "case_file_events", ["case_id", "event_id"]
    )
    let_only_grow("case_file_events")


def downgrade() -> None:
    """Undo."""
    op.drop_table("case_file_events")
    op.drop_table("case_file_alerts")
    op.drop_table("case_files")
    op.drop_column("alerts", "owner_id")
