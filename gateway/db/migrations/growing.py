"""Tables that only grow: triggers refuse all but inserts, save for retention.

Each has a column `event_time`; db/tables/audit.py says how old rows are deleted. On PostgreSQL the
function `only_grows` was made by an earlier migration.
"""

from alembic import op


def let_only_grow(*tables: str) -> None:
    """Make the triggers of tables. They go with their table."""
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(
                f"CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION only_grows()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_is_not_emptied BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION only_grows()"
            )
        return
    for table in tables:
        refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}")
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}"  # noqa: S608 - own names
            " WHEN NOT EXISTS (SELECT 1 FROM audit_retention"
            f" WHERE OLD.event_time < delete_before) {refusal}"
        )
