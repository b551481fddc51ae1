"""What the services of records need from the database, declared by those who use it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from gateway.domain.alert import Alert
from gateway.domain.records import LabelState, TransactionRows
from gateway.domain.transaction import TransactionRecord


class Transactions(Protocol):
    """Transactions by what they share; see db/repositories/transactions.py."""

    async def listed(
        self,
        filters: Sequence[tuple[str, str]],
        after: tuple[datetime, str] | None,
        offset: int,
        limit: int,
        walk: int,
    ) -> TransactionRows: ...
    async def counted(self, filters: Sequence[tuple[str, str]], walk: int) -> tuple[int, bool]: ...
    async def label(self, transaction_id: str) -> LabelState | None: ...


class StoredTransactions(Protocol):
    """Single transactions; see db/repositories/feed.py."""

    async def transaction(self, transaction_id: str) -> TransactionRecord | None: ...


class RaisedAlerts(Protocol):
    """Alerts; see db/repositories/alerts.py."""

    async def get(self, alert_id: str) -> Alert | None: ...


class HeldBackAlerts(Protocol):
    """Hits of suppression rules; see db/repositories/suppressions.py."""

    async def suppressing(self, transaction_id: str) -> str | None: ...


class RecordsUnit(Protocol):
    """One database transaction."""

    @property
    def alerts(self) -> RaisedAlerts: ...
    @property
    def feed(self) -> StoredTransactions: ...
    @property
    def suppressions(self) -> HeldBackAlerts: ...
    @property
    def transactions(self) -> Transactions: ...


class RecordsDatabase(Protocol):
    """Opens database transactions; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[RecordsUnit]: ...
