"""What the service of models needs from the outside."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from gateway.domain.model import HeldModel, ModelsInUse
from gateway.services.people_ports import PeopleUnit


class ModelServer(Protocol):
    """The scoring server's models; see scoring/models.py."""

    async def in_use(self) -> ModelsInUse: ...
    async def promote(self, name: str, version: str) -> list[HeldModel]: ...
    async def rollback(self) -> list[HeldModel]: ...
    async def set_canary(self, name: str, version: str, percentage: float) -> list[HeldModel]: ...
    async def set_shadow(self, name: str, version: str, *, on: bool) -> list[HeldModel]: ...


class AccessRecord(Protocol):
    """The database, for the record of access."""

    def write(self) -> AbstractAsyncContextManager[PeopleUnit]: ...
