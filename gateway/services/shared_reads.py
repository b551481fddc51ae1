"""Equal questions that come at the same time are answered together.

Whoever asks gets what a read found that began after he had asked: nobody is shown anything older
than what he has just written himself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SharedReads(Generic[Key, Value]):
    """Reads that at most one of a kind is doing; those who come meanwhile share the next one."""

    def __init__(self, read: Callable[[Key], Awaitable[Value]]) -> None:
        self._read = read
        self._running: dict[Key, asyncio.Future[None]] = {}
        self._next: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key) -> Value:
        """Return what `read` returns, or raise what it raises."""
        following = self._next.get(key)
        if following is None:
            running = self._running.get(key)
            if running is None:
                return await self._run(key)
            following = asyncio.create_task(self._follow(key, running))
            following.add_done_callback(_seen)
            self._next[key] = following
        # One who gives up leaves it to the others.
        return await asyncio.shield(following)

    async def _follow(self, key: Key, running: asyncio.Future[None]) -> Value:
        await running
        # Whoever comes from here on comes after the read has begun.
        del self._next[key]
        return await self._run(key)

    async def _run(self, key: Key) -> Value:
        ended = self._running[key] = asyncio.get_running_loop().create_future()
        try:
            return await self._read(key)
        finally:
            del self._running[key]
            ended.set_result(None)


def _seen(task: asyncio.Task[Value]) -> None:
    # All may have given up; then nobody takes the error.
    if not task.cancelled():
        task.exception()
