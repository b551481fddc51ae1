"""Index an account's alerts by time, for those that are shown as similar."""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.online import create_indexes

revision = "0020"
down_revision = "0019"

_NAME = "ix_alerts_account_id_raised_time"


def upgrade() -> None:
    """Apply."""
    alerts = sa.Table("alerts", sa.MetaData(), autoload_with=op.get_bind())
    create_indexes(alerts, sa.Index(_NAME, alerts.c.account_id, alerts.c.raised_time))


def downgrade() -> None:
    """Undo."""
    op.drop_index(_NAME, "alerts")
