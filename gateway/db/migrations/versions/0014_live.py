"""Let the history of alerts be followed as a log of changes.

Rows that are there keep 0, so that nothing is rewritten and the index is empty when it is built.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "alert_events",
        sa.Column("database_xid", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_index(
        "ix_alert_events_changes",
        "alert_events",
        ["database_xid", "event_id"],
        postgresql_where=sa.text("database_xid > 0"),
        sqlite_where=sa.text("database_xid > 0"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # A previous version that still serves leaves the column out, and so gets it right as well.
        op.alter_column(
            "alert_events",
            "database_xid",
            server_default=sa.text("(pg_current_xact_id()::text::bigint)"),
        )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_alert_events_changes", table_name="alert_events")
    op.drop_column("alert_events", "database_xid")
