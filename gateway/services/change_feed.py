"""The log of changes, read once by each process and handed on to all who follow it there.

Each follower has a queue of bounded length. One that does not keep up is cut off and told where it
stopped, so that it can come back and resume; it never makes the process grow or others wait.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from gateway.domain.change import Change, ChangePosition
from gateway.errors import GatewayError
from gateway.services.live_ports import LiveDatabase
from gateway.services.uninterrupted import uninterrupted

# How often the log is looked at while anybody follows it.
_POLL_S = 0.2
_FAULT_PAUSE_S = 1.0
_BATCH_SIZE_MAX = 500
# What a returning follower may have missed; behind more than that it is quicker to read the list.
MISSED_MAX = 10_000
# How many returning followers read what they missed at the same time.
_CATCHING_UP_MAX = 4

_log = structlog.get_logger(__name__)

ReadMissed = Callable[[ChangePosition, ChangePosition], Awaitable[list[Change]]]


class Follower:
    """One who follows the log.

    Attributes:
        passed: everything up to here was handed to him; he can resume behind it.
        lost: he came with a position that cannot be resumed, and starts at the end of the log.
        cut_off: he did not keep up.
    """

    def __init__(
        self, passed: ChangePosition, head: ChangePosition, queue_max: int, *, lost: bool
    ) -> None:
        self.passed = passed
        self.lost = lost
        self.cut_off = False
        self._head = head
        # Another process may have handed him more than this one has read so far.
        self._reached = max(passed, head)
        self._queue: deque[Change] = deque()
        self._queue_max = queue_max
        self._news = asyncio.Event()

    def offer(self, change: Change) -> None:
        """Put a change into the queue, or cut the follower off when it is full."""
        if self.cut_off or change.position <= self._reached:
            return
        if len(self._queue) >= self._queue_max:
            self.cut_off = True
        else:
            self._queue.append(change)
            self._reached = change.position
        self._news.set()

    async def changes(self, missed: ReadMissed) -> AsyncGenerator[list[Change], None]:
        """Return what he missed, then all that waits for him at a time, as it comes.

        It ends when he was cut off.
        """
        while self.passed < self._head and (page := await missed(self.passed, self._head)):
            self.passed = page[-1].position
            yield page
        while True:
            while self._queue:
                waiting = list(self._queue)
                self._queue.clear()
                self.passed = waiting[-1].position
                yield waiting
            if self.cut_off:
                return
            self._news.clear()
            await self._news.wait()


class ChangeFeed:
    """Reads the log while anybody follows it: one query for all followers of the process."""

    def __init__(self, database: LiveDatabase, queue_max: int) -> None:
        self._database = database
        self._queue_max = queue_max
        # No more at a time than fits into a queue, so that a burst cuts nobody off who keeps up.
        self._batch_size = min(_BATCH_SIZE_MAX, queue_max)
        self._followers: set[Follower] = set()
        self._head: ChangePosition | None = None
        self._wanted = asyncio.Event()
        self._finding_head = asyncio.Lock()
        self._catching_up = asyncio.Semaphore(_CATCHING_UP_MAX)

    @asynccontextmanager
    async def follow(self, resume: ChangePosition | None) -> AsyncIterator[Follower]:
        """Follow from behind `resume`, or from the end of the log as it is now."""
        lost = resume is not None and not await uninterrupted(self._resumable(resume))
        head = await self._current_head()
        # Nothing is awaited from here until he is among the followers, so that he misses nothing.
        passed = head if resume is None or lost else resume
        follower = Follower(passed, head, self._queue_max, lost=lost)
        self._followers.add(follower)
        self._wanted.set()
        try:
            yield follower
        finally:
            self._followers.discard(follower)
            if not self._followers:
                # Nobody reads on, so whoever comes next starts at the end as it is then.
                self._head = None
                self._wanted.clear()

    async def missed(self, after: ChangePosition, until: ChangePosition) -> list[Change]:
        """Return the next of the changes in (after, until], oldest first."""
        return await uninterrupted(self._missed(after, until))

    async def run(self) -> None:
        """Read on for ever, as long as anybody follows."""
        while True:
            await self._wanted.wait()
            try:
                while await uninterrupted(self._read_on()):
                    pass
            except GatewayError as error:
                _log.warning("live_events_wait", reason=error.reason, fault=error.message)
                await asyncio.sleep(_FAULT_PAUSE_S)
            except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
                _log.exception("live_events_failed")
                await asyncio.sleep(_FAULT_PAUSE_S)
            await asyncio.sleep(_POLL_S)

    async def _read_on(self) -> bool:
        """Hand on what is new; return whether there may be more."""
        head = self._head
        if head is None:
            return False
        async with self._database.read() as unit:
            changes = await unit.changes.after(head, self._batch_size)
        # All followers may have left meanwhile, and another have come with a newer start.
        if not changes or self._head is not head:
            return False
        for change in changes:
            for follower in self._followers:
                follower.offer(change)
        self._head = changes[-1].position
        return len(changes) == self._batch_size

    async def _current_head(self) -> ChangePosition:
        async with self._finding_head:
            while self._head is None:
                head = await uninterrupted(self._stored_head())
                self._head = self._head or head
            return self._head

    async def _stored_head(self) -> ChangePosition:
        async with self._database.read() as unit:
            return await unit.changes.head()

    async def _missed(self, after: ChangePosition, until: ChangePosition) -> list[Change]:
        async with self._catching_up, self._database.read() as unit:
            return await unit.changes.after(after, _BATCH_SIZE_MAX, until)

    async def _resumable(self, position: ChangePosition) -> bool:
        async with self._catching_up, self._database.read() as unit:
            if not await unit.changes.knows(position):
                return False
            head = await unit.changes.head()
            return await unit.changes.count(position, head, MISSED_MAX + 1) <= MISSED_MAX
