"""What the removal of old transactions needs from the database, declared by those who use it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from gateway.domain.retention import OldTransaction
from gateway.services.analytics_ports import Labels
from gateway.services.suppression_ports import SuppressionUnit


class Pruning(Protocol):
    """Old transactions; see db/repositories/pruning.py."""

    async def pruned_before(self) -> datetime | None: ...
    async def newest(self) -> datetime | None: ...
    async def move(self, before: datetime, now: datetime) -> None: ...
    async def old(
        self, after: tuple[datetime, str] | None, before: datetime, limit: int
    ) -> list[OldTransaction]: ...
    async def remove(self, transaction_ids: Sequence[str], now: datetime) -> None: ...


class RetentionUnit(Protocol):
    """One database transaction that removes."""

    @property
    def labels(self) -> Labels: ...
    @property
    def pruning(self) -> Pruning: ...


class RetentionDatabase(Protocol):
    """Opens database transactions; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[RetentionUnit]: ...
    def write(self) -> AbstractAsyncContextManager[RetentionUnit]: ...


class IngestUnit(SuppressionUnit, Protocol):
    """One database transaction that takes the feed in."""

    @property
    def pruning(self) -> Pruning: ...


class IngestDatabase(Protocol):
    """Opens database transactions; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[IngestUnit]: ...
    def write(self, *, many_rows: bool = False) -> AbstractAsyncContextManager[IngestUnit]: ...
