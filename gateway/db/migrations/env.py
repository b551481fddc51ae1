"""Alembic's entry: runs the migrations on the connection that db/migrate.py opened."""

from alembic import context

from gateway.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    user_module_prefix="",
    compare_type=True,
    # Indexes of big tables are built outside of any transaction.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
