"""List an alert under the entities of a transaction that joins it after it was stored.

The trigger of 0015 sees transactions that are stored behind their place in an alert; this one sees
the others, so that the order does not matter.
"""

from alembic import op

from gateway.db.migrations.online import is_postgresql

revision = "0019"
down_revision = "0018"

_COLUMNS = {
    "ACCOUNT": "account_id",
    "USER": "owner_id",
    "TRANSACTION": "transaction_id",
    "DEVICE": "device_id",
    "MERCHANT": "merchant_id",
    "INSTRUMENT": "instrument_id",
    "IP": "ip_address",
}
_EACH = " UNION ALL ".join(
    f"""
    SELECT '{kind}', transactions.{column}, alerts.raised_time, alerts.alert_id
    FROM transactions JOIN alerts ON alerts.alert_id = NEW.alert_id
    WHERE transactions.transaction_id = NEW.transaction_id AND transactions.{column} IS NOT NULL
    """  # noqa: S608 - names of our own columns
    for kind, column in _COLUMNS.items()
)
_ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION alert_entities_member() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO alert_entities {_EACH} ON CONFLICT DO NOTHING; RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER alert_entities_member AFTER INSERT ON alert_transactions
    FOR EACH ROW EXECUTE FUNCTION alert_entities_member()
    """,
)
_ON_SQLITE = (
    f"""
    CREATE TRIGGER alert_entities_member AFTER INSERT ON alert_transactions BEGIN
    INSERT OR IGNORE INTO alert_entities {_EACH}; END
    """,
)


def upgrade() -> None:
    """Apply."""
    for statement in _ON_POSTGRESQL if is_postgresql() else _ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Undo."""
    if is_postgresql():
        op.execute("DROP TRIGGER alert_entities_member ON alert_transactions")
        op.execute("DROP FUNCTION alert_entities_member")
    else:
        op.execute("DROP TRIGGER alert_entities_member")
