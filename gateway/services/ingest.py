"""Taking the feed in, exactly once.

The position is stored in the same transaction as the rows that it covers.

One process holds the lease and does it; another takes over when the lease runs out. Should two ever
do it at once, the position, which is only moved from the value that was read, lets one of them
through.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from gateway.domain import intake, retention, suppression
from gateway.domain.rollup import Rollup
from gateway.domain.transaction import FeedBatch, FeedEvent, FeedPosition, TransactionRecord
from gateway.errors import RowsRefusedError
from gateway.services.counting import count_feed, fed_report
from gateway.services.ports import Unit
from gateway.services.retention_ports import IngestDatabase, IngestUnit

_log = structlog.get_logger(__name__)


class Progress:
    """How far this process knows the feed to be taken in; others wait on it."""

    def __init__(self) -> None:
        self.position = FeedPosition("", 0)
        self.latest_sequence = 0
        self._moved = asyncio.Event()

    @property
    def lag(self) -> int:
        """How many events of the feed this process knows to be missing in the database."""
        return max(0, self.latest_sequence - self.position.sequence)

    def move(self, position: FeedPosition) -> None:
        """Tell everybody who waits."""
        self.position = position
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait_for(self, sequence: int, timeout_s: float) -> bool:
        """Return True once all up to `sequence` is in the database, False after the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.position.sequence < sequence:
                    await self._moved.wait()
        except TimeoutError:
            return False
        return True


class Ingest:
    """Applies feed messages to the database."""

    def __init__(
        self,
        database: IngestDatabase,
        progress: Progress,
        now: Callable[[], datetime],
        fold_window: timedelta,
    ) -> None:
        self._database = database
        self._progress = progress
        self._now = now
        self._fold_window = fold_window

    async def stored_position(self) -> FeedPosition:
        """Return how far the database is, and tell everybody who waits."""
        async with self._database.read() as unit:
            position = await unit.feed.position()
        self._progress.move(position)
        return position

    async def apply(self, before: FeedPosition, batch: FeedBatch) -> FeedPosition:
        """Store one message of the feed that follows `before`; return the new position.

        An event that the database refuses is kept in `dead_events` and does not stop the ones
        around it.

        Raises:
            FeedPositionError: the stored position is not `before`; nothing was stored.
            UnavailableError: the database is away; part of the message may have been stored, with
                its position.
        """
        self._progress.latest_sequence = batch.latest_sequence
        if not batch.events:
            return before
        return await self._apply(before, batch.journal_id, batch.events)

    async def _apply(
        self, before: FeedPosition, journal_id: str, events: Sequence[FeedEvent]
    ) -> FeedPosition:
        after = FeedPosition(journal_id, events[-1].sequence)
        try:
            async with self._database.write(many_rows=True) as unit:
                await self._store(unit, journal_id, events)
                await unit.feed.advance(before, after, self._now())
        except RowsRefusedError as error:
            if len(events) == 1:
                return await self._bury(before, journal_id, events[0], error.message)
            middle = len(events) // 2
            halfway = await self._apply(before, journal_id, events[:middle])
            return await self._apply(halfway, journal_id, events[middle:])
        self._progress.move(after)
        return after

    async def _bury(
        self, before: FeedPosition, journal_id: str, event: FeedEvent, reason: str
    ) -> FeedPosition:
        dead = FeedEvent(event.sequence, fault=reason, payload=event.payload)
        return await self._apply(before, journal_id, [dead])

    async def _store(self, unit: IngestUnit, journal_id: str, events: Sequence[FeedEvent]) -> None:
        now = self._now()
        for event in events:
            if event.fault:
                _log.error("event_set_aside", sequence=event.sequence, fault=event.fault)
                await unit.feed.add_dead_event(
                    journal_id, event.sequence, event.fault, event.payload, now
                )
        rollups: dict[datetime, Rollup] = {}
        new: list[TransactionRecord] = []
        scored = [event.transaction for event in events if event.transaction is not None]
        if retention.may_be_pruned(scored, now):
            scored = retention.without_pruned(scored, await unit.pruning.pruned_before())
        if scored:
            known = await unit.feed.known_transactions([record.transaction_id for record in scored])
            new = await self._held_back(unit, intake.first_of_each(scored, known))
            await self._store_alerts(unit, intake.raising(new), rollups)
            await unit.feed.add_transactions(new)
            intake.count_transactions(rollups, new)
        await unit.feed.add_rollups([rollups[hour] for hour in sorted(rollups)])
        labels = [fed_report(event.label, now) for event in events if event.label is not None]
        await count_feed(unit, new, labels)

    async def _held_back(
        self, unit: IngestUnit, new: list[TransactionRecord]
    ) -> list[TransactionRecord]:
        """Store which alerts a rule holds back; return their transactions as raising none."""
        raising = intake.raising(new)
        if not raising:
            return new
        times = [item.transaction.ingest_time for item in raising]
        rules = await unit.suppressions.holding(
            suppression.entity_ids(raising), min(times), max(times)
        )
        hits = suppression.hits(raising, rules)
        await unit.suppressions.add_hits(hits)
        return suppression.without_alerts(new, hits)

    async def _store_alerts(
        self, unit: Unit, raising: list[intake.Raising], rollups: dict[datetime, Rollup]
    ) -> None:
        if not raising:
            return
        known = await unit.alerts.known_alerts([item.alert_id for item in raising])
        raising = [item for item in raising if item.alert_id not in known]
        if not raising:
            return
        accounts = sorted({item.transaction.account_id for item in raising})
        times = [item.transaction.event_time for item in raising]
        candidates = await unit.alerts.folding_candidates(
            accounts, min(times) - self._fold_window, max(times)
        )
        plan = intake.plan_alerts(
            raising, candidates, await unit.alerts.fraud_counts(accounts), self._fold_window
        )
        await unit.alerts.add(plan.new)
        await unit.alerts.put_folded(plan.folded)
        await unit.alerts.add_transactions(plan.members)
        await unit.alerts.add_events(plan.events)
        intake.count_alerts(rollups, plan.new)
