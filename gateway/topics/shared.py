"""What all topics use: the database, the scoring server, and who follows its feed."""

import asyncio
import random
import secrets
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any

from gateway.clock import monotonic_s, utc_now
from gateway.config import GatewayConfig
from gateway.db.engine import Database
from gateway.db.watch import Observe
from gateway.scoring.client import ScoringClient
from gateway.services.background import FeedConfirmer, FeedFollower, LabelCourier
from gateway.services.ingest import Ingest, Progress
from gateway.services.labelling import LabelDelivery
from gateway.services.lease import Lease, holder_name
from gateway.spans import Spans

Task = Callable[[], Coroutine[Any, Any, None]]


class Shared:
    """Everything that lives as long as the application does; made inside its event loop."""

    def __init__(
        self, config: GatewayConfig, observe_statement: Observe, spans: Spans | None
    ) -> None:
        self.config = config
        # Set when the server is to stop: what would go on for ever has to end by itself.
        self.stopping = asyncio.Event()
        self.generator = random.Random(secrets.randbits(64))  # noqa: S311 - jitter, not a secret
        self.database = Database(
            config.database_url, config.database_limits, observe_statement, spans
        )
        self.scoring = ScoringClient(
            config.scoring_target,
            config.scoring_timeout_ms / 1000,
            config.feed_batch_size_max,
            spans,
            config.scoring_tls,
        )
        self.progress = Progress()
        self.ingest = Ingest(
            self.database,
            self.progress,
            utc_now,
            timedelta(seconds=config.fold_window_seconds),
        )
        self.lease = Lease(self.database, holder_name(), utc_now, monotonic_s)
        self.follower = FeedFollower(
            self.lease,
            self.scoring,
            self.ingest,
            self.generator,
            events_max=config.feed_batch_size_max,
        )
        self.confirmer = FeedConfirmer(self.lease, self.scoring, self.ingest)
        self.courier = LabelCourier(
            LabelDelivery(self.database, self.scoring, utc_now), self.lease, self.generator
        )

    async def run_beside(self, tasks: Sequence[Task]) -> AsyncIterator[None]:
        """Follow the feed, deliver labels and run the topics' tasks around one `yield`."""
        running = [
            asyncio.create_task(task(), name=getattr(task, "__qualname__", "task"))
            for task in (self.follower.run, self.confirmer.run, self.courier.run, *tasks)
        ]
        try:
            yield
        finally:
            self.stopping.set()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self.scoring.close()
            await self.database.close()


def new_id(prefix: str) -> str:
    """Return a new random id with a prefix that tells what it names."""
    return f"{prefix}_{uuid.uuid4().hex}"
