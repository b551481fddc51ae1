"""Waiting for what another task or process does in its own time."""

import asyncio
from collections.abc import Awaitable, Callable

TIMEOUT_S = 15.0
_PAUSE_S = 0.02


async def eventually(
    condition: Callable[[], Awaitable[bool]], timeout_s: float = TIMEOUT_S
) -> None:
    """Return once the condition holds; fail after the timeout."""
    async with asyncio.timeout(timeout_s):
        while not await condition():  # noqa: ASYNC110 - another process sends us no event
            await asyncio.sleep(_PAUSE_S)
