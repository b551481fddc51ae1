"""Index decisions by the orders of the feedback list.

On PostgreSQL the indexes are built while the previous version reads and writes.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.online import create_indexes

revision = "0008"
down_revision = "0007"

_RESOLVED = {
    "ix_decisions_resolved": [],
    "ix_decisions_resolved_decision": ["decision"],
    "ix_decisions_resolved_analyst_id": ["analyst_id"],
    "ix_decisions_resolved_analyst_id_decision": ["analyst_id", "decision"],
}
_INDEXES = {
    name: ([*columns, "decided_time", "decision_id"], "decision <> 'REVIEW'")
    for name, columns in _RESOLVED.items()
} | {"ix_decisions_uncounted": (["decision_id"], "NOT counted")}


def upgrade() -> None:
    """Apply."""
    decisions = sa.Table("decisions", sa.MetaData(), autoload_with=op.get_bind())
    create_indexes(
        decisions,
        *(
            sa.Index(
                name,
                *(decisions.c[column] for column in columns),
                postgresql_where=sa.text(condition),
                sqlite_where=sa.text(condition),
            )
            for name, (columns, condition) in _INDEXES.items()
        ),
    )


def downgrade() -> None:
    """Undo."""
    for name in _INDEXES:
        op.drop_index(name, "decisions")
