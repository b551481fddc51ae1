"""A look at the whole database: what it should hold, whether it does, and what surrounds it."""

import random
from collections.abc import AsyncGenerator, Callable
from datetime import datetime

from gateway.domain import database_check as judged
from gateway.domain.database_check import Finding
from gateway.domain.performance import EPOCH
from gateway.services.inspection_ports import InspectionDatabase, InspectionUnit

# Of each kind, where not everything is looked at; chosen by us for some seconds in all.
_ROWS = 10_000
_NEWEST_HOURS = 24
_OTHER_HOURS = 24


class DatabaseCheck:
    """The use case of a check; the schema is known to be the right one."""

    def __init__(
        self,
        database: InspectionDatabase,
        now: Callable[[], datetime],
        generator: random.Random,
        *,
        workers: int,
        pool_size: int,
    ) -> None:
        self._database = database
        self._now = now
        self._generator = generator
        self._workers = workers
        self._pool_size = pool_size

    async def run(self, *, whole: bool) -> AsyncGenerator[Finding, None]:
        """Yield findings as they are made.

        Args:
            whole: read everything instead of samples; takes minutes for a large database.
        """
        async with self._database.read() as unit:
            look = unit.inspection
            yield await self._counts(unit, whole=whole)
            yield judged.rows_without(await look.rows_without(None if whole else _ROWS))
            yield judged.indexes(*await look.indexes())
            yield judged.storage(*await look.storage(whole=whole))
            yield judged.connections(await look.connections(), self._workers, self._pool_size)
            before = self._now()
            there = await look.clock()
            if there is not None:
                yield judged.clock(before + (self._now() - before) / 2, there)
            yield judged.sizes(*await look.sizes())
            yield judged.retention(*await look.pruned())
            yield judged.leftovers(await look.leftovers())

    async def _counts(self, unit: InspectionUnit, *, whole: bool) -> Finding:
        look = unit.inspection
        found = await look.kept_counts()
        pruned_before, _ = await look.pruned()
        hours = await look.hours(pruned_before or EPOCH, self._now())
        chosen = hours
        if not whole:
            newest, rest = hours[:_NEWEST_HOURS], hours[_NEWEST_HOURS:]
            chosen = newest + self._generator.sample(rest, min(len(rest), _OTHER_HOURS))
        found += [await look.hour(hour) for hour in chosen]
        if whole:
            found += await look.analytics()
        told = "all of them" if whole else f"with {len(chosen)} of {len(hours)} hours as a sample"
        return judged.counts(found, told)
