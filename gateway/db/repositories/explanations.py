"""What explains an alert, read in one go."""

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db.prepared import Prepared, together
from gateway.db.repositories.alert_list import alert_of
from gateway.db.repositories.alerts import MEMBERS
from gateway.db.repositories.feed import TRANSACTION
from gateway.db.tables.alerts import alerts, notes
from gateway.db.tables.feed import transactions
from gateway.domain.alert import Alert, AlertTransaction, Note
from gateway.domain.explanation import (
    HISTORY_LENGTH_MAX,
    MEMBERS_MAX,
    SIMILAR_MAX,
    Explanation,
    Work,
)
from gateway.domain.transaction import TransactionRecord

_HISTORY = Prepared(
    select(transactions.c.event_time, transactions.c.risk_score, transactions.c.model_version)
    .where(
        transactions.c.account_id == bindparam("account_id"),
        transactions.c.event_time <= bindparam("until"),
    )
    .order_by(transactions.c.event_time.desc())
    .limit(HISTORY_LENGTH_MAX)
)
_NOTES = Prepared(
    select(notes)
    .where(notes.c.alert_id == bindparam("alert_id"))
    .order_by(notes.c.created_time, notes.c.note_id)
)
_SIMILAR = Prepared(
    select(alerts)
    .where(alerts.c.account_id == bindparam("account_id"), alerts.c.is_open.is_(False))
    .where(alerts.c.alert_id != bindparam("alert_id"))
    .order_by(alerts.c.raised_time.desc())
    .limit(SIMILAR_MAX)
)


class ExplanationRepository:
    """SQL of what is shown beside an alert."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def explanation(self, alert: Alert) -> Explanation:
        """Return what explains an alert."""
        lead, history, members = await together(
            self._connection,
            (TRANSACTION, {"transaction_id": alert.transaction_id}),
            (_HISTORY, {"account_id": alert.account_id, "until": alert.last_event_time}),
            (MEMBERS, {"alert_id": alert.alert_id, "most": MEMBERS_MAX}),
        )
        return Explanation(
            TransactionRecord(*lead[0]) if lead else None,
            [(row[0], row[1], row[2]) for row in reversed(history)],
            [AlertTransaction(*row) for row in members],
        )

    async def work(self, alert: Alert) -> Work:
        """Return what was written about an alert and what is like it."""
        own = {"alert_id": alert.alert_id}
        written, similar = await together(
            self._connection,
            (_NOTES, own),
            (_SIMILAR, own | {"account_id": alert.account_id}),
        )
        return Work([Note(*row) for row in written], [alert_of(row) for row in similar])
