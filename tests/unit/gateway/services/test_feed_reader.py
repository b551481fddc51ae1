"""Whatever the pace of writer and reader: all events once, in order, in bounded batches."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.transaction import FeedBatch, FeedEvent
from gateway.errors import UnavailableError
from gateway.services.feed_reader import FeedReader

EVENTS_MAX = 10


class Feed:
    """A feed whose messages have the given numbers of events."""

    def __init__(self, sizes: list[int], fault: Exception | None = None) -> None:
        self.sent = 0
        self.closed = False
        self._sizes = sizes
        self._fault = fault

    async def messages(self) -> AsyncGenerator[FeedBatch, None]:
        try:
            for size in self._sizes:
                events = [FeedEvent(self.sent + number) for number in range(1, size + 1)]
                self.sent += size
                yield FeedBatch(events, "journal", self.sent)
            if self._fault is not None:
                raise self._fault
        finally:
            self.closed = True


async def until_quiet() -> None:
    """Let all tasks go on that can."""
    for _ in range(200):
        await asyncio.sleep(0)


@given(st.lists(st.integers(0, EVENTS_MAX), max_size=30), st.lists(st.booleans(), max_size=60))
def test_all_events_come_once_in_order_in_batches_of_bounded_size(
    sizes: list[int], pauses: list[bool]
) -> None:
    async def taken() -> list[FeedBatch]:
        found = []
        pause = iter(pauses)
        async with FeedReader(Feed(sizes).messages(), EVENTS_MAX) as reader:
            while (batch := await reader.next()) is not None:
                found.append(batch)
                if next(pause, False):
                    await until_quiet()
        return found

    batches = asyncio.run(taken())
    sequences = [event.sequence for batch in batches for event in batch.events]
    assert sequences == list(range(1, sum(sizes) + 1))
    assert max((len(batch.events) for batch in batches), default=0) <= EVENTS_MAX
    reached = 0
    for batch in batches:
        reached += len(batch.events)
        assert batch.latest_sequence == reached


async def test_what_came_meanwhile_is_one_batch() -> None:
    async with FeedReader(Feed([1] * 7).messages(), EVENTS_MAX) as reader:
        await until_quiet()
        batch = await reader.next()
        assert batch is not None
        assert len(batch.events) == 7
        assert await reader.next() is None


async def test_reading_pauses_while_enough_waits() -> None:
    feed = Feed([4] * 100)
    async with FeedReader(feed.messages(), EVENTS_MAX) as reader:
        await until_quiet()
        # Twelve wait, and the message in hand finds no room.
        assert feed.sent == 16
        await reader.next()
        await until_quiet()
        assert feed.sent == 24
    assert feed.closed


async def test_failure_comes_after_all_that_was_read() -> None:
    fault = UnavailableError("gone", reason="GONE")
    async with FeedReader(Feed([3, 2], fault).messages(), 3) as reader:
        await until_quiet()
        sizes = [len(batch.events) for batch in (await reader.next(), await reader.next()) if batch]
        assert sizes == [3, 2]
        with pytest.raises(UnavailableError, match="gone"):
            await reader.next()
