"""The tasks beside the requests: following the feed, confirming it, and delivering labels.

One process of all does them.
"""

import asyncio
import random

import structlog

from gateway.domain.transaction import FeedPosition
from gateway.errors import FeedPositionError, GatewayError, UnavailableError
from gateway.services.feed_reader import FeedReader
from gateway.services.ingest import Ingest
from gateway.services.labelling import LabelDelivery
from gateway.services.lease import Lease
from gateway.services.ports import ScoringServer
from gateway.services.uninterrupted import uninterrupted

# How often a process without the lease looks how far the other one is.
_STANDBY_POLL_S = 0.2
_BACKOFF_FIRST_S = 0.1
_BACKOFF_MAX_S = 5.0
_DELIVERY_POLL_S = 2.0
# Retention on the other side works in minutes and more; chosen by us.
_CONFIRM_INTERVAL_S = 10.0
# Reasons with which the scoring server refuses a position.
_OTHER_JOURNAL = "FAILED_PRECONDITION"
_DROPPED = "OUT_OF_RANGE"

_log = structlog.get_logger(__name__)


class Backoff:
    """Growing pauses with jitter, so that many clients do not come back at once."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator
        self._ceiling_s = _BACKOFF_FIRST_S

    def reset(self) -> None:
        """Start over after a success."""
        self._ceiling_s = _BACKOFF_FIRST_S

    async def pause(self) -> None:
        """Wait half to all of the present ceiling, then double it up to its maximum."""
        await asyncio.sleep(self._ceiling_s * self._generator.uniform(0.5, 1.0))
        self._ceiling_s = min(self._ceiling_s * 2, _BACKOFF_MAX_S)


class FeedFollower:
    """Holds the lease, follows the feed, and comes back after every failure.

    Args:
        events_max: events that one database transaction stores.
    """

    def __init__(
        self,
        lease: Lease,
        scoring: ScoringServer,
        ingest: Ingest,
        generator: random.Random,
        *,
        events_max: int,
    ) -> None:
        self._lease = lease
        self._scoring = scoring
        self._ingest = ingest
        self._events_max = events_max
        self._backoff = Backoff(generator)
        self._start: FeedPosition | None = None
        self.connected = False

    async def run(self) -> None:
        """Follow the feed for ever."""
        try:
            while True:
                await self._turn()
        finally:
            await uninterrupted(self._lease.give_back())

    async def _turn(self) -> None:
        try:
            if await uninterrupted(self._lease.keep()):
                await self._follow()
            else:
                await uninterrupted(self._ingest.stored_position())
                await asyncio.sleep(_STANDBY_POLL_S)
        except FeedPositionError as error:
            self._reposition(error)
            await self._backoff.pause()
        except GatewayError as error:
            _log.warning("feed_interrupted", reason=error.reason, fault=error.message)
            await self._backoff.pause()
        except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
            # Whatever it was, the feed must come back by itself; the log and the health page tell.
            _log.exception("feed_failed")
            await self._backoff.pause()
        finally:
            self.connected = False

    async def _follow(self) -> None:
        position = await uninterrupted(self._ingest.stored_position())
        start = self._start or position
        self._start = None
        _log.info("feed_follows", after_sequence=start.sequence, journal_id=start.journal_id)
        async with FeedReader(self._scoring.subscribe(start), self._events_max) as feed:
            while (batch := await feed.next()) is not None:
                if not self.connected:
                    self.connected = True
                    self._backoff.reset()
                position = await uninterrupted(self._ingest.apply(position, batch))
                if not await uninterrupted(self._lease.keep()):
                    _log.warning("feed_lease_lost")
                    return
        raise UnavailableError("the scoring server ended the feed", reason="FEED_ENDED")

    def _reposition(self, error: FeedPositionError) -> None:
        """Choose where to go on after a position was refused.

        Stored transactions are skipped by their id.
        """
        if error.reason == _OTHER_JOURNAL:
            _log.error("feed_journal_changed", fault=error.message, details=error.details)
            self._start = FeedPosition("", 0)
        elif error.reason == _DROPPED:
            first = int(error.details.get("first_sequence", "1"))
            _log.error("feed_events_lost", fault=error.message, resumes_at=first)
            self._start = FeedPosition("", first - 1)
        else:
            _log.warning("feed_position_moved", fault=error.message)


class FeedConfirmer:
    """Tells the scoring server from time to time what is stored here, so that it may forget it."""

    def __init__(self, lease: Lease, scoring: ScoringServer, ingest: Ingest) -> None:
        self._lease = lease
        self._scoring = scoring
        self._ingest = ingest
        self._confirmed = FeedPosition("", 0)

    async def run(self) -> None:
        """Confirm for ever."""
        while True:
            await asyncio.sleep(_CONFIRM_INTERVAL_S)
            if self._lease.held:
                await self.confirm()

    async def confirm(self) -> None:
        """Confirm the stored position when it has moved; a failure is made good the next time."""
        try:
            position = await uninterrupted(self._ingest.stored_position())
            if position.sequence and position != self._confirmed:
                await self._scoring.confirm(position)
                self._confirmed = position
        except GatewayError as error:
            _log.warning("feed_not_confirmed", reason=error.reason, fault=error.message)
        except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
            _log.exception("feed_not_confirmed")


class LabelCourier:
    """Delivers labels whenever there are some, until it is cancelled."""

    def __init__(self, delivery: LabelDelivery, lease: Lease, generator: random.Random) -> None:
        self._delivery = delivery
        self._lease = lease
        self._backoff = Backoff(generator)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Tell that there is something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver for ever. Labels of other processes are found by looking every two seconds."""
        while True:
            try:
                async with asyncio.timeout(_DELIVERY_POLL_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            if self._lease.held:
                await self._deliver()

    async def _deliver(self) -> None:
        try:
            while await uninterrupted(self._delivery.deliver()):
                self._backoff.reset()
        except GatewayError as error:
            _log.warning("labels_wait", reason=error.reason, fault=error.message)
            self._wake.set()
            await self._backoff.pause()
        except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
            # Labels stay in the outbox; the next round tries again.
            _log.exception("label_delivery_failed")
            await self._backoff.pause()
