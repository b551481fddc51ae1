"""Index transactions by what they share: device, address, counterparty, instrument and owner.

On PostgreSQL the indexes are built while the previous version reads and writes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COLUMNS = ("device_id", "ip_address", "counterparty_account_id", "instrument_id", "owner_id")


def upgrade() -> None:
    """Apply."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    with op.get_context().autocommit_block():
        if postgresql:
            # Building takes as long as the table is big, and holds nobody up.
            op.execute("SET statement_timeout = 0")
            op.execute("SET lock_timeout = 0")
        for column in _COLUMNS:
            name = f"ix_transactions_{column}_event_time"
            # An attempt that was broken off leaves an index that is never used.
            op.drop_index(name, "transactions", if_exists=True, postgresql_concurrently=postgresql)
            op.create_index(
                name,
                "transactions",
                [column, "event_time"],
                postgresql_where=sa.text(f"{column} IS NOT NULL"),
                sqlite_where=sa.text(f"{column} IS NOT NULL"),
                postgresql_concurrently=postgresql,
            )
        if postgresql:
            op.execute("RESET statement_timeout")
            op.execute("RESET lock_timeout")


def downgrade() -> None:
    """Undo."""
    for column in _COLUMNS:
        op.drop_index(f"ix_transactions_{column}_event_time", "transactions")
