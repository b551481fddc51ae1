"""Removing transactions that are old and that nothing refers to any more.

They go a page at a time, each in a short database transaction under the lock that labels take: a
label that comes at the same time either finds its transaction and so keeps it, or comes after it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime

import structlog

from gateway.domain.retention import OldTransaction, Pruned, horizon
from gateway.errors import GatewayError
from gateway.services.lease import Lease
from gateway.services.retention_ports import RetentionDatabase
from gateway.services.uninterrupted import uninterrupted

# Ingest waits for one page, some ten milliseconds; chosen by us.
PAGE_SIZE = 1_000
# The horizon moves once a day.
_LOOK_S = 600.0
_PAUSE_MIN_S = 0.02

_log = structlog.get_logger(__name__)


class Retention:
    """The use case of removal."""

    def __init__(self, database: RetentionDatabase, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def horizon(self, days: int) -> datetime | None:
        """Return before when transactions are old; None while there are none at all."""
        async with self._database.read() as unit:
            newest = await unit.pruning.newest()
        return horizon(self._now(), days, newest) if newest else None

    async def forecast(self, before: datetime) -> AsyncGenerator[Pruned, None]:
        """Yield after each page what a removal would have done; change nothing."""
        done, after = Pruned(before), None
        while True:
            async with self._database.read() as unit:
                page = await unit.pruning.old(after, before, PAGE_SIZE)
            if not page:
                return
            done, after = _further(done, page), _end(page)
            yield done

    async def prune(self, before: datetime) -> AsyncGenerator[Pruned, None]:
        """Remove transactions; yield after each page what was done.

        The horizon is set first, so that a removal which is broken off leaves nothing unsaid.
        """
        async with self._database.write() as unit:
            await unit.labels.lock()
            await unit.pruning.move(before, self._now())
        done, after = Pruned(before), None
        while page := await uninterrupted(self._page(after, before)):
            done, after = _further(done, page), _end(page)
            yield done

    async def _page(
        self, after: tuple[datetime, str] | None, before: datetime
    ) -> list[OldTransaction]:
        async with self._database.write() as unit:
            await unit.labels.lock()
            page = await unit.pruning.old(after, before, PAGE_SIZE)
            if ids := [each.transaction_id for each in page if each.removable]:
                await unit.pruning.remove(ids, self._now())
        return page


class RetentionKeeper:
    """Removes what has become old, in the one process that has the lease."""

    def __init__(
        self, retention: Retention, lease: Lease, days: int, monotonic_s: Callable[[], float]
    ) -> None:
        self._retention = retention
        self._lease = lease
        self._days = days
        self._monotonic_s = monotonic_s
        self._done: datetime | None = None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self.look()
            except GatewayError as error:
                _log.warning("transactions_not_pruned", reason=error.reason, fault=error.message)
            except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
                _log.exception("transactions_not_pruned")

    async def look(self) -> None:
        """Remove what is old, at most half of the time; a horizon that is done is not done again.

        Ends early when another process has got the lease.
        """
        if not self._may_go_on():
            return
        before = await uninterrupted(self._retention.horizon(self._days))
        if before is None or before == self._done:
            return
        started_s = self._monotonic_s()
        done = Pruned(before)
        async with aclosing(self._retention.prune(before)) as pages:
            async for page in pages:
                done = page
                if not self._may_go_on():
                    return
                await asyncio.sleep(max(_PAUSE_MIN_S, self._monotonic_s() - started_s))
                started_s = self._monotonic_s()
        self._done = before
        _log.info("transactions_pruned", before=str(before), removed=done.removed, kept=done.kept)

    def _may_go_on(self) -> bool:
        return self._lease.held


def _further(done: Pruned, page: list[OldTransaction]) -> Pruned:
    removed = sum(each.removable for each in page)
    return Pruned(
        done.before,
        done.removed + removed,
        done.kept + len(page) - removed,
        page[-1].ingest_time,
    )


def _end(page: list[OldTransaction]) -> tuple[datetime, str]:
    return page[-1].ingest_time, page[-1].transaction_id
