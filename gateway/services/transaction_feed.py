"""Transactions as they come in, a bounded sample of them for people who watch.

Nothing is promised but the newest: at a higher rate the older ones of each look are left out, and
a watcher who does not keep up loses the oldest that wait for him.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog

from gateway.domain.transaction import TransactionRecord
from gateway.errors import GatewayError
from gateway.services.live_ports import LiveDatabase
from gateway.services.uninterrupted import uninterrupted

# Five looks a second of ten transactions each: at most fifty a second for one watcher.
_LOOK_S = 0.2
_LOOK_MAX = 10
_WAITING_MAX = 100
_FAULT_PAUSE_S = 1.0
# Watchers are looked for together by their lowest risk score, in steps of this.
_RISK_STEP = 10
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger(__name__)


class Watcher:
    """One who watches transactions from a risk score on."""

    def __init__(self, risk_min: float) -> None:
        self.risk_min = risk_min
        self._waiting: deque[TransactionRecord] = deque(maxlen=_WAITING_MAX)
        self._news = asyncio.Event()

    @property
    def band(self) -> int:
        """The step of risk scores in which his lowest lies."""
        return int(self.risk_min) // _RISK_STEP * _RISK_STEP

    def offer(self, transaction: TransactionRecord) -> None:
        """Let it wait for him, if he wants it, in the place of the oldest if too many do."""
        if transaction.risk_score >= self.risk_min:
            self._waiting.append(transaction)
            self._news.set()

    async def transactions(self) -> AsyncGenerator[list[TransactionRecord], None]:
        """Return all that waits for him at a time, as it comes."""
        while True:
            while self._waiting:
                waiting = list(self._waiting)
                self._waiting.clear()
                yield waiting
            self._news.clear()
            await self._news.wait()


class TransactionFeed:
    """Looks what came in while anybody watches, once for all watchers of a band."""

    def __init__(self, database: LiveDatabase) -> None:
        self._database = database
        self._watchers: set[Watcher] = set()
        self._wanted = asyncio.Event()
        # Up to when transactions were handed on; None while nobody watches.
        self._reached: datetime | None = None

    @asynccontextmanager
    async def watch(self, risk_min: float) -> AsyncIterator[Watcher]:
        """Watch for as long as the block lasts, from now on."""
        newest = await uninterrupted(self._newest())
        watcher = Watcher(risk_min)
        self._watchers.add(watcher)
        self._reached = self._reached or newest
        self._wanted.set()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                self._reached = None
                self._wanted.clear()

    async def run(self) -> None:
        """Look for ever, as long as anybody watches."""
        while True:
            await self._wanted.wait()
            try:
                await uninterrupted(self._look())
                await asyncio.sleep(_LOOK_S)
            except GatewayError as error:
                _log.warning("live_transactions_wait", reason=error.reason, fault=error.message)
                await asyncio.sleep(_FAULT_PAUSE_S)
            except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
                _log.exception("live_transactions_failed")
                await asyncio.sleep(_FAULT_PAUSE_S)

    async def _newest(self) -> datetime:
        async with self._database.read() as unit:
            return await unit.transactions.newest_time() or _BEGINNING

    async def _look(self) -> None:
        """Hand on what came in since the last look."""
        reached = self._reached
        newest = await self._newest()
        if reached is None or newest <= reached:
            return
        found: dict[int, list[TransactionRecord]] = {}
        async with self._database.read() as unit:
            for band in {watcher.band for watcher in self._watchers}:
                found[band] = await unit.transactions.came_in(reached, newest, band, _LOOK_MAX)
        if self._reached is not reached:
            # All have left meanwhile, and who came since starts later.
            return
        for watcher in self._watchers:
            for transaction in found.get(watcher.band, []):
                watcher.offer(transaction)
        self._reached = newest
