"""Models in use: seen by all, changed by administrators, each change in the record of access."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from gateway.domain.model import HeldModel, ModelsInUse
from gateway.domain.people import AccessEvent
from gateway.services.models_ports import AccessRecord, ModelServer
from gateway.services.people import Author


class ModelService:
    """Asks the scoring server and notes what was changed.

    A change is noted after the server has made it: its gate may take seconds, for which no
    transaction of the database may wait. All that change raise what scoring/models.py raises.
    """

    def __init__(
        self, server: ModelServer, database: AccessRecord, now: Callable[[], datetime]
    ) -> None:
        self._server = server
        self._database = database
        self._now = now

    async def in_use(self) -> ModelsInUse:
        """Return what the scoring server holds and finds."""
        return await self._server.in_use()

    async def promote(self, name: str, version: str, author: Author) -> list[HeldModel]:
        """Make a model champion."""
        change = self._server.promote(name, version)
        return await self._noted("MODEL_PROMOTED", change, f"{name}/{version}", author)

    async def rollback(self, author: Author) -> list[HeldModel]:
        """Make the previous champion champion again."""
        return await self._noted("MODEL_ROLLED_BACK", self._server.rollback(), "", author)

    async def set_canary(
        self, name: str, version: str, percentage: float, author: Author
    ) -> list[HeldModel]:
        """Let a model score a share of the accounts; 0 ends it."""
        change = self._server.set_canary(name, version, percentage)
        return await self._noted(
            "MODEL_CANARY", change, f"{name}/{version}", author, f"percentage={percentage:g}"
        )

    async def set_shadow(
        self, name: str, version: str, author: Author, *, on: bool
    ) -> list[HeldModel]:
        """Compare a model with the champion, or stop that."""
        change = self._server.set_shadow(name, version, on=on)
        detail = f"active={str(on).lower()}"
        return await self._noted("MODEL_SHADOW", change, f"{name}/{version}", author, detail)

    async def _noted(
        self,
        action: str,
        change: Awaitable[list[HeldModel]],
        subject: str,
        author: Author,
        detail: str = "",
    ) -> list[HeldModel]:
        held = await change
        champion = f"{held[0].name}/{held[0].version}" if held else ""
        event = AccessEvent(
            event_id=None,
            event_time=self._now(),
            action=action,
            actor=author.name,
            subject=subject or champion,
            client=author.client,
            detail=detail,
        )
        async with self._database.write() as unit:
            await unit.people.add_access_events([event])
        return held
