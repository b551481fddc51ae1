"""Order what waits and what somebody has, and let the history of alerts only grow.

The two indexes cover a part of the alerts each, so that building one takes a second for a million.
Rows of the history may be deleted only by a transaction that says so; see
db/tables/audit.py.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.growing import let_only_grow
from gateway.db.types import UtcTime

revision = "0005"
down_revision = "0004"

_TABLES = ("alert_events", "access_events")
_BEFORE_ON_POSTGRESQL = (
    """
    CREATE FUNCTION access_events_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'access_events is only added to'; END $$
    """,
    """
    CREATE TRIGGER access_events_only_grow BEFORE UPDATE OR DELETE ON access_events
    FOR EACH ROW EXECUTE FUNCTION access_events_only_grow()
    """,
)
_BEFORE_ON_SQLITE = tuple(
    f"""
    CREATE TRIGGER access_events_no_{event} BEFORE {event} ON access_events
    BEGIN SELECT RAISE(ABORT, 'access_events is only added to'); END
    """
    for event in ("update", "delete")
)
_REFUSE_ON_POSTGRESQL = """
    CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            IF EXISTS (SELECT 1 FROM audit_retention WHERE OLD.event_time < delete_before) THEN
                RETURN OLD;
            END IF;
        END IF;
        RAISE EXCEPTION '% is only added to', TG_TABLE_NAME;
    END $$
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "audit_retention",
        sa.Column("delete_before", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("delete_before", name=op.f("pk_audit_retention")),
    )
    op.create_index(
        "ix_alerts_waiting",
        "alerts",
        ["queue_rank", "alert_id"],
        postgresql_where=sa.text("status = 'ACTIVE'"),
        sqlite_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_index(
        "ix_alerts_held",
        "alerts",
        ["assigned_to", "queue_rank", "alert_id"],
        postgresql_where=sa.text("is_open"),
        sqlite_where=sa.text("is_open = 1"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER access_events_only_grow ON access_events")
        op.execute("DROP FUNCTION access_events_only_grow")
        op.execute(_REFUSE_ON_POSTGRESQL)
    else:
        op.execute("DROP TRIGGER access_events_no_update")
        op.execute("DROP TRIGGER access_events_no_delete")
    let_only_grow(*_TABLES)


def downgrade() -> None:
    """Undo."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in _TABLES:
        names = ("only_grows", "is_not_emptied") if postgresql else ("no_update", "no_delete")
        for name in names:
            op.execute(f"DROP TRIGGER {table}_{name}" + (f" ON {table}" if postgresql else ""))
    if postgresql:
        op.execute("DROP FUNCTION only_grows")
    for statement in _BEFORE_ON_POSTGRESQL if postgresql else _BEFORE_ON_SQLITE:
        op.execute(statement)
    op.drop_index("ix_alerts_held", "alerts")
    op.drop_index("ix_alerts_waiting", "alerts")
    op.drop_table("audit_retention")
