"""What has to be put right when a dump of one PostgreSQL server was restored into another.

The log of changes is in the order of the server's own transaction numbers (db/change_order.py).
Another server counts from its own beginning, so that restored numbers may lie in its future: they
would hide, and come up as news when the count reaches them.
"""

from sqlalchemy import Connection, text

_FUTURE = (
    "database_xid > 0 AND database_xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
)


def adopt_changes(connection: Connection) -> bool:
    """Make changes of another server history that nobody is told of again; False if there is none.

    Whoever follows the log starts from now; what is queued for webhooks already stays queued.
    """
    if connection.dialect.name != "postgresql":
        return False
    foreign = text(f"SELECT 1 FROM alert_events WHERE {_FUTURE} LIMIT 1")  # noqa: S608 - our own text
    if connection.execute(foreign).first() is None:
        return False
    # The history is otherwise only added to; the lock that this takes keeps others out meanwhile.
    connection.execute(text("ALTER TABLE alert_events DISABLE TRIGGER USER"))
    connection.execute(text(f"UPDATE alert_events SET database_xid = 0 WHERE {_FUTURE}"))  # noqa: S608 - as above
    connection.execute(text("ALTER TABLE alert_events ENABLE TRIGGER USER"))
    connection.execute(text("UPDATE webhook_position SET database_xid = 0, event_id = 0"))
    return True
