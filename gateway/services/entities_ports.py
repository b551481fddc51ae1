"""What the services of entities need from the database, declared by those who use it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from gateway.domain.alert import Alert, AlertEvent
from gateway.domain.entity import Entity, ProfileRow, Reach, Shared, SharedRow
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.domain.transaction import TransactionRecord


class Entities(Protocol):
    """What is known of entities; see db/repositories/entities.py."""

    async def reach(self, entity: Entity, most: int) -> Reach: ...
    async def newest(self, entity: Entity, limit: int) -> list[ProfileRow]: ...
    async def labels(self, entity: Entity, limit: int) -> dict[str, int]: ...
    async def transactions(
        self, entity: Entity, after: tuple[datetime, str] | None, limit: int
    ) -> list[TransactionRecord]: ...
    async def alert_ids(self, entity: Entity, limit: int) -> list[str]: ...
    async def alerts(
        self, entity: Entity, after: tuple[datetime, str] | None, offset: int, limit: int
    ) -> list[Alert]: ...
    async def alert_counts(
        self, alert_ids: Sequence[str]
    ) -> dict[tuple[AlertStatus, CaseDecision | None], int]: ...
    async def events(
        self, alert_ids: Sequence[str], before: datetime | None, after_id: int | None, limit: int
    ) -> list[tuple[int, AlertEvent]]: ...
    async def shared(self, entity: Entity, limit: int) -> list[SharedRow]: ...
    async def users_of(
        self, things: Sequence[Shared], newest: int
    ) -> list[tuple[list[tuple[str, int, datetime]], bool]]: ...


class EntitiesUnit(Protocol):
    """One database connection that reads."""

    @property
    def entities(self) -> Entities: ...


class EntitiesDatabase(Protocol):
    """Opens database connections; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[EntitiesUnit]: ...
