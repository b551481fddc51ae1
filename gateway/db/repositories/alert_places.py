"""Places far back in the list of alerts, so that a page by its number need not pass all before it.

Of a list that is paged through, the place of every thousandth row is remembered for some seconds;
a page goes on from the last one before it. Pages before the first of these places are counted row
by row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from msgspec import Struct

from gateway.domain.pagination import Position

# Rows from one place to the next: to pass these over takes less than a millisecond.
PLACE_STEP = 1_000
# How old places may get, and so how far a deep page may lie behind what came or went since.
_AGE_MAX_S = 5.0


class _Known(Struct):
    """The places of one list, and when they were looked up."""

    positions: list[Position]
    since_s: float


class AlertPlaces:
    """Keeps the places of this process; each list is walked by one request at a time."""

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self._monotonic_s = monotonic_s
        self._known: dict[Hashable, _Known] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def before(
        self, listed: Hashable, offset: int, walk: Callable[[], Awaitable[list[Position]]]
    ) -> tuple[Position | None, int]:
        """Return the last place that is not behind a row, and how many rows further that is.

        Args:
            listed: the list; there are not many different ones.
            offset: how many rows of the list stand before the row.
            walk: looks up the places, of row PLACE_STEP, 2 PLACE_STEP and so on.
        """
        if offset < PLACE_STEP:
            return None, offset
        async with self._locks.setdefault(listed, asyncio.Lock()):
            known = self._known.get(listed)
            now_s = self._monotonic_s()
            if known is None or now_s - known.since_s >= _AGE_MAX_S:
                known = self._known[listed] = _Known(await walk(), now_s)
        passed = min(offset // PLACE_STEP, len(known.positions))
        if not passed:
            return None, offset
        return known.positions[passed - 1], offset - passed * PLACE_STEP
