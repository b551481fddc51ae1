"""Count what analysts decide, and mark decisions that a reopening withdrew.

Decisions that are there already, and those that the previous version stores while it still serves,
are counted by the gateway once it runs; see services/feedback.py.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.types import UtcTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "feedback_counts",
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("start", UtcTime(), nullable=False),
        sa.Column("analyst_id", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("decided", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "period", "start", "analyst_id", "decision", name=op.f("pk_feedback_counts")
        ),
    )
    op.add_column("decisions", sa.Column("withdrawn_time", UtcTime(), nullable=True))
    op.add_column(
        "decisions", sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Undo."""
    op.drop_column("decisions", "counted")
    op.drop_column("decisions", "withdrawn_time")
    op.drop_table("feedback_counts")
