"""Reading server-sent events as a browser does."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec


class Event(msgspec.Struct, frozen=True):
    """An event that a browser would hand to the page."""

    name: str
    data: Any
    event_id: str


class EventSource:
    """One connection. `last_event_id` also moves without an event, as the standard says."""

    def __init__(self, answer: httpx.Response, last_event_id: str) -> None:
        self.last_event_id = last_event_id
        self.retry_ms = 0
        self.headers = answer.headers
        self._lines = answer.aiter_lines()

    async def opened(self) -> None:
        """Return once the server has begun, with when to come back and where it starts."""
        while not self.retry_ms:
            await self._block()

    async def next(self) -> Event | None:
        """Return the next event; None at the end of the stream."""
        while True:
            name, data, ended = await self._block()
            if data:
                return Event(name, json.loads(data), self.last_event_id)
            if ended:
                return None

    async def take(self, number: int) -> list[Event]:
        """Return so many events."""
        found = []
        while len(found) < number and (event := await self.next()) is not None:
            found.append(event)
        return found

    async def _block(self) -> tuple[str, str, bool]:
        name, data = "", ""
        async for line in self._lines:
            if not line:
                return name, data, False
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "id":
                self.last_event_id = value
            elif field == "event":
                name = value
            elif field == "data":
                data += value
            elif field == "retry":
                self.retry_ms = int(value)
        return name, data, True


@asynccontextmanager
async def event_source(
    client: httpx.AsyncClient, path: str = "/api/live/alerts", resume: str = "", **options: Any
) -> AsyncIterator[EventSource]:
    """Open a stream; it is subscribed when the block begins."""
    headers = {"Last-Event-ID": resume} if resume else {}
    headers |= options.pop("headers", {})
    async with client.stream("GET", path, headers=headers, timeout=60, **options) as answer:
        assert answer.status_code == 200, await answer.aread()
        source = EventSource(answer, resume)
        await source.opened()
        yield source
