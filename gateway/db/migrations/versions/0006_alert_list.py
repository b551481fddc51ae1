"""Keep counts of alerts and transactions, and indexes for every filter and search of the list.

The counts are kept by triggers, so that they are right while the previous version still serves.
"""

import sqlalchemy as sa
from alembic import op

from gateway.db.migrations.online import create_indexes, is_postgresql

revision = "0006"
down_revision = "0005"

_ORDERS = ("raised_time", "risk_score", "queue_rank")
_SEARCHED = ("entity", "account_id", "transaction_id")

_COUNT_ALERTS = """
    INSERT INTO alert_counts AS counts (status, severity, part, number)
    SELECT status, severity, pg_backend_pid(), sum(step) FROM ({changes}) AS changes
    GROUP BY status, severity HAVING sum(step) <> 0
    ON CONFLICT (status, severity, part) DO UPDATE SET number = counts.number + excluded.number
"""
_ADDED = "SELECT status, severity, 1 AS step FROM added"
_REMOVED = "SELECT status, severity, -1 AS step FROM removed"
_ON_POSTGRESQL = (
    *(
        f"""
        CREATE FUNCTION alert_counts_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN {_COUNT_ALERTS.format(changes=changes)}; RETURN NULL; END $$;
        CREATE TRIGGER alert_counts_{event} AFTER {event} ON alerts
        REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION alert_counts_{event}()
        """
        for event, changes, tables in (
            ("insert", _ADDED, "NEW TABLE AS added"),
            (
                "update",
                f"{_ADDED} UNION ALL {_REMOVED}",
                "NEW TABLE AS added OLD TABLE AS removed",
            ),
            ("delete", _REMOVED, "OLD TABLE AS removed"),
        )
    ),
    """
    CREATE FUNCTION transaction_counts_add() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE step bigint := NEW.transactions;
    BEGIN
      IF TG_OP = 'UPDATE' THEN step := step - OLD.transactions; END IF;
      IF step <> 0 THEN
        INSERT INTO transaction_counts AS counts VALUES (pg_backend_pid(), step)
        ON CONFLICT (part) DO UPDATE SET number = counts.number + excluded.number;
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER transaction_counts_add AFTER INSERT OR UPDATE ON hourly_rollups
    FOR EACH ROW EXECUTE FUNCTION transaction_counts_add()
    """,
)

_STEP = """
    INSERT INTO alert_counts VALUES ({row}.status, {row}.severity, 0, {step})
    ON CONFLICT (status, severity, part) DO UPDATE SET number = number + excluded.number;
"""
_ONE_MORE = _STEP.format(row="NEW", step=1)
_ONE_LESS = _STEP.format(row="OLD", step=-1)
_TOTAL = """
    INSERT INTO transaction_counts VALUES (0, {step})
    ON CONFLICT (part) DO UPDATE SET number = number + excluded.number;
"""
_ON_SQLITE = (
    f"CREATE TRIGGER alert_counts_insert AFTER INSERT ON alerts BEGIN {_ONE_MORE} END",
    f"""
    CREATE TRIGGER alert_counts_update AFTER UPDATE OF status, severity ON alerts
    WHEN OLD.status <> NEW.status OR OLD.severity <> NEW.severity
    BEGIN {_ONE_LESS} {_ONE_MORE} END
    """,
    f"CREATE TRIGGER alert_counts_delete AFTER DELETE ON alerts BEGIN {_ONE_LESS} END",
    f"""
    CREATE TRIGGER transaction_counts_insert AFTER INSERT ON hourly_rollups
    BEGIN {_TOTAL.format(step="NEW.transactions")} END
    """,
    f"""
    CREATE TRIGGER transaction_counts_update AFTER UPDATE OF transactions ON hourly_rollups
    WHEN OLD.transactions <> NEW.transactions
    BEGIN {_TOTAL.format(step="NEW.transactions - OLD.transactions")} END
    """,
)


def upgrade() -> None:
    """Apply."""
    alerts = sa.Table("alerts", sa.MetaData(), autoload_with=op.get_bind())
    create_indexes(
        alerts,
        *(
            sa.Index(
                f"ix_alerts_status_severity_{order}_alert_id",
                alerts.c.status,
                alerts.c.severity,
                alerts.c[order],
                alerts.c.alert_id,
            )
            for order in _ORDERS
        ),
        sa.Index(
            "ix_alerts_search_alert_id",
            alerts.c.alert_id,
            postgresql_ops={"alert_id": "varchar_pattern_ops"},
        ),
        *(
            sa.Index(
                f"ix_alerts_search_{name}",
                alerts.c[name],
                alerts.c.alert_id,
                postgresql_ops={name: "varchar_pattern_ops"},
            )
            for name in _SEARCHED
        ),
    )
    op.create_table(
        "alert_counts",
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("status", "severity", "part", name=op.f("pk_alert_counts")),
    )
    op.create_table(
        "transaction_counts",
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_transaction_counts")),
    )
    # The triggers come first: on PostgreSQL they hold writers up until what is there is counted,
    # which takes a fraction of a second for a million alerts.
    for statement in _ON_POSTGRESQL if is_postgresql() else _ON_SQLITE:
        op.execute(statement)
    op.execute(
        "INSERT INTO alert_counts (status, severity, part, number)"
        " SELECT status, severity, 0, count(*) FROM alerts GROUP BY status, severity"
    )
    op.execute(
        "INSERT INTO transaction_counts (part, number)"
        " SELECT 0, sum(transactions) FROM hourly_rollups HAVING sum(transactions) IS NOT NULL"
    )
    # The first of the new indexes serves what this one did.
    op.drop_index("ix_alerts_status_severity", "alerts")


def downgrade() -> None:
    """Undo."""
    if is_postgresql():
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER alert_counts_{event} ON alerts")
            op.execute(f"DROP FUNCTION alert_counts_{event}")
        op.execute("DROP TRIGGER transaction_counts_add ON hourly_rollups")
        op.execute("DROP FUNCTION transaction_counts_add")
    else:
        for name in (
            *(f"alert_counts_{event}" for event in ("insert", "update", "delete")),
            *(f"transaction_counts_{event}" for event in ("insert", "update")),
        ):
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("transaction_counts")
    op.drop_table("alert_counts")
    op.create_index("ix_alerts_status_severity", "alerts", ["status", "severity"])
    for name in ("alert_id", *_SEARCHED):
        op.drop_index(f"ix_alerts_search_{name}", "alerts")
    for order in _ORDERS:
        op.drop_index(f"ix_alerts_status_severity_{order}_alert_id", "alerts")
