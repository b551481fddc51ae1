"""Find the alerts of an owner; on PostgreSQL while the previous version reads and writes."""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.online import create_indexes

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    alerts = sa.Table("alerts", sa.MetaData(), autoload_with=op.get_bind())
    named = sa.text("owner_id IS NOT NULL")
    create_indexes(
        alerts,
        sa.Index(
            "ix_alerts_owner_id", alerts.c.owner_id, postgresql_where=named, sqlite_where=named
        ),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_alerts_owner_id", "alerts")
