"""Equal questions that come at the same time are answered together.

Whoever asks gets what a read found that began after he had asked: nobody is shown anything older
than what he has just written himself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

Owner = TypeVar("Owner")
Asked = ParamSpec("Asked")
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


def shared(
    method: Callable[Concatenate[Owner, Asked], Coroutine[Any, Any, Value]],
) -> Callable[Concatenate[Owner, Asked], Coroutine[Any, Any, Value]]:
    """Make equal calls of a method that only reads share what it finds.

    The arguments are the question, so they must be hashable; nobody may change what it returns.
    """
    name = f"_shared_{method.__name__}"

    @wraps(method)
    async def ask(self: Owner, *args: Asked.args, **kwargs: Asked.kwargs) -> Value:
        reads: SharedReads[Any, Value] | None = self.__dict__.get(name)
        if reads is None:
            reads = SharedReads(lambda key: method(self, *key[0], **dict(key[1])))
            self.__dict__[name] = reads
        return await reads.get((args, tuple(sorted(kwargs.items()))))

    # The wrapper's own argument is called `self`, which mypy takes for a difference.
    return ask  # type: ignore[return-value]
