"""Work that a cancellation waits for instead of cutting it off.

A database transaction that is cut off leaves its connection in the middle of a statement: locks
stay held until the driver notices, and the connection is lost. Ending a task waits for the few
milliseconds that a transaction takes instead.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of `work`; a cancellation in the meantime is raised once it is done."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
