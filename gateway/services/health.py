"""Whether the parts that the gateway needs are usable."""

import asyncio
from collections.abc import Awaitable

import msgspec

from gateway.errors import GatewayError
from gateway.services.background import FeedFollower
from gateway.services.ingest import Progress
from gateway.services.ports import Database, ScoringServer

_CHECK_TIMEOUT_S = 2.0


class Check(msgspec.Struct, frozen=True):
    """The state of one part: `ok` or `unavailable`, and a sentence."""

    status: str
    detail: str


class HealthService:
    """The use case of GET /health/ready and of the feed's figures."""

    def __init__(
        self,
        database: Database,
        scoring: ScoringServer,
        follower: FeedFollower,
        progress: Progress,
    ) -> None:
        self._database = database
        self._scoring = scoring
        self._follower = follower
        self._progress = progress

    async def checks(self) -> dict[str, Check]:
        """Return the state of the scoring server, the database and the event feed.

        Takes at most two seconds.
        """
        scoring, database = await asyncio.gather(
            _checked(self._scoring.check()), _checked(self._database.ping())
        )
        return {"scoring_server": scoring, "database": database, "event_feed": self._feed()}

    def _feed(self) -> Check:
        if self._follower.connected:
            return Check(
                "ok",
                f"everything up to event {self._progress.position.sequence} is in the database",
            )
        if self._follower.stands_by:
            return Check("ok", "another process takes the feed in")
        return Check("unavailable", "not connected to the feed; it comes back by itself")


async def _checked(check: Awaitable[None]) -> Check:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            await check
    except GatewayError as error:
        return Check("unavailable", error.message)
    except TimeoutError:
        return Check("unavailable", "no answer in time")
    return Check("ok", "answers")
