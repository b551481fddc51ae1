"""Reading the feed ahead, so that what comes while a batch is stored is stored together.

A message of the feed holds what was scored since the one before: with single calls that is often
one event, and a database transaction for each cannot keep up with them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from types import TracebackType
from typing import Self

from gateway.domain.transaction import FeedBatch
from gateway.errors import UnavailableError

# The server sends a heartbeat at least every 5 s; after three missed ones the stream is taken for
# dead.
_SILENCE_MAX_S = 15.0


class FeedReader:
    """Reads a stream in a task of its own while the block lasts.

    Args:
        stream: the messages; it is closed at the end.
        events_max: reading pauses while as many events wait, so that memory is bounded.
    """

    def __init__(self, stream: AsyncGenerator[FeedBatch, None], events_max: int) -> None:
        self._stream = stream
        self._events_max = events_max
        self._waiting: deque[FeedBatch] = deque()
        self._events = 0
        self._moved = asyncio.Condition()
        self._ended = False
        self._fault: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def next(self) -> FeedBatch | None:
        """Return what has come, joined, or wait for it; None when the stream has ended.

        Raises:
            GatewayError: reading failed; all that came before was returned.
        """
        async with self._moved:
            await self._moved.wait_for(lambda: self._waiting or self._ended)
            if not self._waiting:
                if self._fault is not None:
                    raise self._fault
                return None
            taken = [self._waiting.popleft()]
            number = len(taken[0].events)
            while self._waiting and number + len(self._waiting[0].events) <= self._events_max:
                taken.append(self._waiting.popleft())
                number += len(taken[-1].events)
            self._events -= number
            self._moved.notify_all()
        if len(taken) == 1:
            return taken[0]
        last = taken[-1]
        events = [event for batch in taken for event in batch.events]
        return FeedBatch(events, last.journal_id, last.latest_sequence)

    async def _read(self) -> None:
        try:
            async with aclosing(self._stream):
                while (batch := await self._message()) is not None:
                    async with self._moved:
                        await self._moved.wait_for(lambda: self._events < self._events_max)
                        self._waiting.append(batch)
                        self._events += len(batch.events)
                        self._moved.notify_all()
        except Exception as error:  # noqa: BLE001 - whoever takes the next batch gets it
            self._fault = error
        finally:
            self._ended = True
            async with self._moved:
                self._moved.notify_all()

    async def _message(self) -> FeedBatch | None:
        try:
            async with asyncio.timeout(_SILENCE_MAX_S):
                return await anext(self._stream, None)
        except TimeoutError as error:
            raise UnavailableError("the feed has gone silent", reason="FEED_SILENT") from error
