"""Make the tables of labels as they were said and of the counts for analytics.

Only adds, so that the previous version serves on beside it. What that version takes in meanwhile is
not counted: `anomaly db recount` counts everything anew.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from gateway.db.types import UtcTime

revision = "0013"
down_revision = "0012"

_MONEY = sa.Numeric(38, 0).with_variant(sa.BigInteger(), "sqlite")


def _label_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("since_time", UtcTime()),
        sa.Column("kind", sa.String(8)),
        sa.Column("currency", sa.String(3)),
        sa.Column("amount_minor", sa.BigInteger()),
    ]


def _outbox_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("source", sa.String(16), nullable=False, server_default="ANALYST"),
        sa.Column("reported_by", sa.String(64), nullable=False, server_default=""),
    ]


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "label_reports",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("label_id", sa.String(64), nullable=False),
        sa.Column("transaction_id", sa.String(64), nullable=False),
        sa.Column("value", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("known_time", UtcTime(), nullable=False),
        sa.Column("reported_time", UtcTime(), nullable=False),
        sa.Column("reported_by", sa.String(64), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_label_reports")),
        sa.UniqueConstraint("label_id", name=op.f("uq_label_reports_label_id")),
    )
    op.create_index(
        op.f("ix_label_reports_transaction_id_known_time_position"),
        "label_reports",
        ["transaction_id", "known_time", "position"],
    )
    op.execute(
        "INSERT INTO label_reports (label_id, transaction_id, value, source, known_time, "
        "reported_time, reported_by, reference) "
        "SELECT label_id, transaction_id, value, source, known_time, known_time, '', '' "
        "FROM labels ORDER BY known_time"
    )
    op.create_table(
        "performance_rollups",
        sa.Column("grain", sa.String(8), nullable=False),
        sa.Column("start_time", UtcTime(), nullable=False),
        sa.Column("model_version", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("alerted", sa.BigInteger(), nullable=False),
        sa.Column("fraud", sa.BigInteger(), nullable=False),
        sa.Column("fraud_alerted", sa.BigInteger(), nullable=False),
        sa.Column("legitimate", sa.BigInteger(), nullable=False),
        sa.Column("legitimate_alerted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "grain", "start_time", "model_version", "kind", name=op.f("pk_performance_rollups")
        ),
    )
    op.create_table(
        "score_rollups",
        sa.Column("grain", sa.String(8), nullable=False),
        sa.Column("start_time", UtcTime(), nullable=False),
        sa.Column("model_version", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("score_bin", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("fraud", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "grain",
            "start_time",
            "model_version",
            "kind",
            "score_bin",
            name=op.f("pk_score_rollups"),
        ),
    )
    op.create_table(
        "money_rollups",
        sa.Column("grain", sa.String(8), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("start_time", UtcTime(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("score_bin", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("fraud", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", _MONEY, nullable=False),
        sa.Column("fraud_minor", _MONEY, nullable=False),
        sa.PrimaryKeyConstraint(
            "grain", "currency", "start_time", "kind", "score_bin", name=op.f("pk_money_rollups")
        ),
    )
    op.create_table(
        "label_delays",
        sa.Column("event_day", UtcTime(), nullable=False),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        sa.Column("delay_days", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("frauds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_day", "alerted", "delay_days", name=op.f("pk_label_delays")),
    )
    for column in _label_columns():
        op.add_column("labels", column)
    for column in _outbox_columns():
        op.add_column("label_outbox", column)


def downgrade() -> None:
    """Undo."""
    for column in _outbox_columns():
        op.drop_column("label_outbox", column.name)
    for column in _label_columns():
        op.drop_column("labels", column.name)
    for table in (
        "label_delays",
        "money_rollups",
        "score_rollups",
        "performance_rollups",
        "label_reports",
    ):
        op.drop_table(table)
