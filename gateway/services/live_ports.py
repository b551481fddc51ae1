"""What the services behind live events need from the database, declared by those who use it."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from gateway.domain.change import Change, ChangePosition
from gateway.domain.transaction import TransactionRecord


class Changes(Protocol):
    """The log of changes; see db/repositories/changes.py."""

    async def head(self) -> ChangePosition: ...
    async def after(
        self, position: ChangePosition, limit: int, until: ChangePosition | None = None
    ) -> list[Change]: ...
    async def count(self, after: ChangePosition, until: ChangePosition, limit: int) -> int: ...
    async def knows(self, position: ChangePosition) -> bool: ...


class Transactions(Protocol):
    """What came in; see db/repositories/transactions.py."""

    async def newest_time(self) -> datetime | None: ...
    async def came_in(
        self, since: datetime, until: datetime, risk_min: float, limit: int
    ) -> list[TransactionRecord]: ...


class LiveUnit(Protocol):
    """One database transaction."""

    @property
    def transactions(self) -> Transactions: ...
    @property
    def changes(self) -> Changes: ...


class LiveDatabase(Protocol):
    """Opens database transactions; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[LiveUnit]: ...
