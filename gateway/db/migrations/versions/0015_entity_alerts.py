"""Keep which alerts speak of which entity, by triggers, also while the previous version serves.

The triggers fire for transactions that raised an alert, which are few.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.online import is_postgresql
from gateway.db.types import UtcTime

revision = "0015"
down_revision = "0014"

_COLUMNS = {
    "ACCOUNT": "account_id",
    "USER": "owner_id",
    "TRANSACTION": "transaction_id",
    "DEVICE": "device_id",
    "MERCHANT": "merchant_id",
    "INSTRUMENT": "instrument_id",
    "IP": "ip_address",
}
_NAMED = " UNION ALL ".join(
    f"SELECT '{kind}' AS entity_type, NEW.{column} AS entity_id"
    for kind, column in _COLUMNS.items()
)
_OF_TRANSACTION = f"""
    SELECT named.entity_type, named.entity_id, alerts.raised_time, alerts.alert_id
    FROM alert_transactions JOIN alerts ON alerts.alert_id = alert_transactions.alert_id
    CROSS JOIN ({_NAMED}) AS named
    WHERE alert_transactions.transaction_id = NEW.transaction_id AND named.entity_id IS NOT NULL
"""  # noqa: S608 - names of our own columns
_OF_ALERT = "VALUES (NEW.entity_type, NEW.entity, NEW.raised_time, NEW.alert_id)"
_ON_POSTGRESQL = tuple(
    f"""
    CREATE FUNCTION alert_entities_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO alert_entities {rows} ON CONFLICT DO NOTHING; RETURN NULL; END $$;
    CREATE TRIGGER alert_entities_{name} AFTER {event} ON {table}
    FOR EACH ROW {condition} EXECUTE FUNCTION alert_entities_{name}()
    """
    for name, event, table, condition, rows in (
        (
            "transaction",
            "INSERT",
            "transactions",
            "WHEN (NEW.alert_id IS NOT NULL)",
            _OF_TRANSACTION,
        ),
        ("alert", "INSERT OR UPDATE OF entity, entity_type", "alerts", "", _OF_ALERT),
    )
)
_ON_SQLITE = tuple(
    f"""
    CREATE TRIGGER {name} AFTER {event} BEGIN
    INSERT OR IGNORE INTO alert_entities {rows}; END
    """
    for name, event, rows in (
        (
            "alert_entities_transaction",
            "INSERT ON transactions WHEN NEW.alert_id IS NOT NULL",
            _OF_TRANSACTION,
        ),
        ("alert_entities_alert", "INSERT ON alerts", _OF_ALERT),
        ("alert_entities_renamed", "UPDATE OF entity, entity_type ON alerts", _OF_ALERT),
    )
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alert_entities",
        sa.Column("entity_type", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("raised_time", UtcTime(), nullable=False),
        sa.Column("alert_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint(
            "entity_type",
            "entity_id",
            "raised_time",
            "alert_id",
            name=op.f("pk_alert_entities"),
        ),
    )
    for statement in _ON_POSTGRESQL if is_postgresql() else _ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    if is_postgresql():
        op.execute("DROP TRIGGER alert_entities_transaction ON transactions")
        op.execute("DROP TRIGGER alert_entities_alert ON alerts")
        op.execute("DROP FUNCTION alert_entities_transaction")
        op.execute("DROP FUNCTION alert_entities_alert")
    else:
        for name in ("transaction", "alert", "renamed"):
            op.execute(f"DROP TRIGGER alert_entities_{name}")
    op.drop_table("alert_entities")
