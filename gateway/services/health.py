"""Whether the parts that the gateway needs are usable."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec

from gateway.errors import GatewayError
from gateway.services.background import FeedFollower
from gateway.services.ingest import Progress
from gateway.services.lease import Lease
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
        lease: Lease,
        follower: FeedFollower,
        progress: Progress,
    ) -> None:
        self._database = database
        self._scoring = scoring
        self._lease = lease
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
        if self._lease.with_other:
            return Check("ok", "another process takes the feed in")
        return Check("unavailable", "not connected to the feed; it comes back by itself")


async def _checked(check: Coroutine[Any, Any, None]) -> Check:
    # A check that takes too long ends by its own deadlines; cutting it off would lose a connection.
    task = asyncio.create_task(check)
    done, _ = await asyncio.wait({task}, timeout=_CHECK_TIMEOUT_S)
    if not done:
        task.add_done_callback(_forget)
        return Check("unavailable", "no answer in time")
    try:
        task.result()
    except GatewayError as error:
        return Check("unavailable", error.message)
    return Check("ok", "answers")


def _forget(task: asyncio.Task[None]) -> None:
    """Take note of the outcome of a late check, so that nobody calls it unseen."""
    if not task.cancelled():
        task.exception()
