"""One piece of work for all who ask the same at the same time.

Unlike a cache it never gives an old answer: whoever asks gets one that was begun after he asked.
While one is being worked out, those who ask meanwhile wait for the next, which they share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class _Round:
    """One answer: those who wait for it hold it, and it begins once the one before is over."""

    def __init__(self) -> None:
        self.begun = False
        self.task: asyncio.Task[Any] | None = None


class Together:
    """Keeps what is being worked out in this process; nothing is kept longer than that."""

    def __init__(self) -> None:
        self._rounds: dict[Hashable, list[_Round]] = {}

    async def answer(self, question: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` gives; it is called once for all who ask at the same time.

        Args:
            question: equal questions have equal answers.
            work: raises for everybody who shares it.
        """
        rounds = self._rounds.setdefault(question, [])
        waiting = next((each for each in rounds if not each.begun), None)
        if waiting is None:
            waiting = _Round()
            before = rounds[-1].task if rounds else None
            rounds.append(waiting)
            waiting.task = asyncio.create_task(self._run(question, waiting, before, work))
        assert waiting.task is not None
        # One who goes away takes nothing from the others.
        result: T = await asyncio.shield(waiting.task)
        return result

    async def _run(
        self,
        question: Hashable,
        this: _Round,
        before: asyncio.Task[Any] | None,
        work: Callable[[], Awaitable[T]],
    ) -> T:
        try:
            if before is not None:
                await asyncio.wait({before})
            this.begun = True
            return await work()
        finally:
            rounds = self._rounds[question]
            rounds.remove(this)
            if not rounds:
                del self._rounds[question]
