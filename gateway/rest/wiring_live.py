"""What the application hands to the controllers of live events, by name and type."""

import asyncio
import random

import msgspec
from litestar.di import NamedDependency

from gateway.rest.event_stream import Pace
from gateway.rest.live_frames import AlertFrames
from gateway.services.access import AccessService
from gateway.services.change_feed import ChangeFeed
from gateway.services.seats import Seats
from gateway.services.transaction_feed import TransactionFeed
from gateway.services.webhooks import WebhookService

# When a client comes back, chosen by us; spread, so that those of a process that was stopped do not
# all come at once.
_RETRY_MS = (1_000, 3_000)


class LiveService(msgspec.Struct, frozen=True, kw_only=True):
    """What live streams of this process share."""

    feed: ChangeFeed
    transactions: TransactionFeed
    frames: AlertFrames
    seats: Seats
    pace: Pace
    stopping: asyncio.Event
    generator: random.Random

    def retry_ms(self) -> int:
        """Return after how long one client should come back."""
        return self.generator.randint(*_RETRY_MS)


Live = NamedDependency[LiveService]
Access = NamedDependency[AccessService]
Webhooks = NamedDependency[WebhookService]
