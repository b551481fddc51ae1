"""List the alerts that are there already under their entities.

It reads the big tables and writes only the new one, beside a server that is at work.
"""

from alembic import op

from gateway.db.migrations.online import is_postgresql

revision = "0016"
down_revision = "0015"

_COLUMNS = {
    "ACCOUNT": "account_id",
    "USER": "owner_id",
    "TRANSACTION": "transaction_id",
    "DEVICE": "device_id",
    "MERCHANT": "merchant_id",
    "INSTRUMENT": "instrument_id",
    "IP": "ip_address",
}


def upgrade() -> None:
    """Apply."""
    if is_postgresql():
        op.execute("SET LOCAL statement_timeout = 0")
    for kind, column in _COLUMNS.items():
        _add(
            f"""
            SELECT DISTINCT '{kind}', transactions.{column}, alerts.raised_time, alerts.alert_id
            FROM alert_transactions
            JOIN alerts ON alerts.alert_id = alert_transactions.alert_id
            JOIN transactions
            ON transactions.transaction_id = alert_transactions.transaction_id
            WHERE transactions.{column} IS NOT NULL
            """  # noqa: S608 - names of our own columns
        )
    _add("SELECT entity_type, entity, raised_time, alert_id FROM alerts WHERE true")


def _add(rows: str) -> None:
    op.execute(f"INSERT INTO alert_entities {rows} ON CONFLICT DO NOTHING")


def downgrade() -> None:
    """Need nothing: the table goes with the migration before."""
