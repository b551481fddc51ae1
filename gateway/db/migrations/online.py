"""Steps of migrations that must not stand in the way of a server that is at work."""

import sqlalchemy as sa
from alembic import op

_INVALID = sa.text(
    "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"
)


def is_postgresql() -> bool:
    """Return whether the migration runs on PostgreSQL."""
    return op.get_bind().dialect.name == "postgresql"


def create_indexes(table: sa.Table, *indexes: sa.Index) -> None:
    """Create indexes of a table that may be large; on PostgreSQL without holding up their writers.

    There each is built outside of a transaction, so a run that broke off may have left some: whole
    ones stay, half ones are built anew.
    """
    if not is_postgresql():
        for index in indexes:
            index.create(op.get_bind())
        return
    with op.get_context().autocommit_block():
        bind = op.get_bind()
        # Building takes as long as it takes; it holds nobody up.
        bind.execute(sa.text("SET statement_timeout = 0"))
        # So does waiting for older transactions to end.
        bind.execute(sa.text("SET lock_timeout = 0"))
        for index in indexes:
            if bind.execute(_INVALID, {"name": index.name}).first():
                bind.execute(sa.text(f"DROP INDEX CONCURRENTLY {index.name}"))
            op.create_index(
                index.name,
                table.name,
                list(index.columns.keys()),
                postgresql_concurrently=True,
                postgresql_ops=dict(index.dialect_options["postgresql"]["ops"] or {}),
                postgresql_where=index.dialect_options["postgresql"]["where"],
                if_not_exists=True,
            )
        bind.execute(sa.text("RESET lock_timeout"))
        bind.execute(sa.text("RESET statement_timeout"))
