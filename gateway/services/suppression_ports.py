"""What suppression needs from the database, declared by those who use it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from gateway.domain.listing import Listed
from gateway.domain.pagination import PageQuery
from gateway.domain.suppression import Suppression, SuppressionEvent, SuppressionHit
from gateway.services.ports import Unit


class Suppressions(Protocol):
    """Rules, their history and their hits; see db/repositories/suppressions.py."""

    async def holding(
        self, entity_ids: Sequence[str], since: datetime, until: datetime
    ) -> list[Suppression]: ...
    async def add_hits(self, hits: Sequence[SuppressionHit]) -> None: ...
    async def suppressing(self, transaction_id: str) -> str | None: ...
    async def add(self, rule: Suppression) -> None: ...
    async def get(self, suppression_id: str) -> Suppression | None: ...
    async def change(self, rule: Suppression, version_before: int) -> bool: ...
    async def page(
        self, holding: bool | None, now: datetime, query: PageQuery
    ) -> Listed[Suppression]: ...
    async def hits(self, rule: Suppression, query: PageQuery) -> Listed[SuppressionHit]: ...
    async def add_event(self, event: SuppressionEvent) -> None: ...
    async def events(self, suppression_id: str) -> list[SuppressionEvent]: ...


class SuppressionUnit(Unit, Protocol):
    """One database transaction."""

    @property
    def suppressions(self) -> Suppressions: ...


class SuppressionDatabase(Protocol):
    """Opens database transactions; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[SuppressionUnit]: ...
    def write(self) -> AbstractAsyncContextManager[SuppressionUnit]: ...
