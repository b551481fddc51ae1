"""What the services about the queue need from the database, declared by those who use it."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.domain.alert import Alert, AlertPage
from gateway.domain.pagination import PageQuery
from gateway.services.people_ports import PeopleUnit
from gateway.services.ports import Unit


class Queue(Protocol):
    """The open alerts, most urgent first; see db/repositories/queue.py."""

    async def take_next(self) -> Alert | None: ...
    async def held_by(self, analyst_id: str, query: PageQuery) -> AlertPage: ...


class QueueUnit(Unit, PeopleUnit, Protocol):
    """One database transaction."""

    @property
    def queue(self) -> Queue: ...


class QueueDatabase(Protocol):
    """Opens database transactions; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[QueueUnit]: ...
    def write(self) -> AbstractAsyncContextManager[QueueUnit]: ...
