"""Remember how far old transactions have been removed.

Only adds a table, so that the previous version serves on beside it.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.types import UtcTime

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "pruning",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pruned_before", UtcTime(), nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("updated_time", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pruning")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("pruning")
