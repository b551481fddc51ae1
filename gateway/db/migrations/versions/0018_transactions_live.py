"""Find the transactions that came in last; on PostgreSQL while the previous version writes."""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.online import create_indexes

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply."""
    transactions = sa.Table("transactions", sa.MetaData(), autoload_with=op.get_bind())
    create_indexes(
        transactions, sa.Index("ix_transactions_ingest_time", transactions.c.ingest_time)
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_transactions_ingest_time", "transactions")
