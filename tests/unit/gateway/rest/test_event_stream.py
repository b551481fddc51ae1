"""When a stream speaks, and when it ends."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.errors import UnauthenticatedError, UnavailableError
from gateway.rest.event_stream import OPEN_ENDED, Broadcast, EventStream, Pace, frame
from tests.support.waiting import eventually

SOON = 0.01
NEVER = 60.0


class Connection:
    """A client as a server shows it to an application."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.gone = asyncio.Event()
        self.accepts = asyncio.Event()
        self.accepts.set()

    async def send(self, message: Any) -> None:
        await self.accepts.wait()
        self.sent.append(message)

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def until(self, condition: Callable[[], bool]) -> None:
        async def holds() -> bool:
            return condition()

        await eventually(holds)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


class Source:
    """Frames that come when they are put, and what became of the stream."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.ended = False

    async def stream(self) -> AsyncGenerator[bytes, None]:
        try:
            while (each := await self.frames.get()) is not None:
                yield each
        finally:
            self.ended = True


async def allowed() -> None:
    return None


async def run(connection: Connection, source: Source, **changes: Any) -> bool:
    """Serve a stream to its end; return whether what it held was let go."""
    let_go = asyncio.Event()
    held = AsyncExitStack()
    held.callback(let_go.set)
    pace = Pace(heartbeat_s=changes.pop("heartbeat_s", NEVER), check_s=NEVER, send_s_max=NEVER)
    values = {
        "frames": source.stream(),
        "heartbeat": lambda: b": \n\n",
        "check": allowed,
        "stopping": asyncio.Event(),
        "held": held,
        "pace": pace,
    } | changes
    response = EventStream(Broadcast(**values)).to_asgi_response(None, None)
    scope: Any = {"type": "http", "state": {}}
    await response(scope, connection.receive, connection.send)
    assert scope["state"][OPEN_ENDED] is True
    assert source.ended or not connection.sent
    return let_go.is_set()


async def test_frames_are_sent_and_the_end_is_told() -> None:
    connection, source = Connection(), Source()
    for each in (frame(event="a", data=b"1", event_id="0-1"), frame(event_id="0-2"), None):
        source.frames.put_nowait(each)
    assert await run(connection, source)
    assert connection.body == b"id: 0-1\nevent: a\ndata: 1\n\nid: 0-2\n\n"
    assert connection.sent[-1]["more_body"] is False
    headers = dict(connection.sent[0]["headers"])
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert b"content-length" not in headers


@pytest.mark.parametrize("end", ["client", "server"])
async def test_stream_ends_with_its_client_and_with_the_server(end: str) -> None:
    connection, source, stopping = Connection(), Source(), asyncio.Event()
    source.frames.put_nowait(b"x")
    serving = asyncio.create_task(run(connection, source, stopping=stopping))
    await connection.until(lambda: bool(connection.body))
    (connection.gone if end == "client" else stopping).set()
    assert await serving


async def test_silence_is_broken_by_heartbeats() -> None:
    connection, source = Connection(), Source()
    serving = asyncio.create_task(run(connection, source, heartbeat_s=SOON))
    await connection.until(lambda: connection.body.count(b": ") >= 3)
    connection.gone.set()
    assert await serving


async def test_caller_who_may_no_longer_see_it_is_told_and_cut_off() -> None:
    connection, source = Connection(), Source()
    answers: list[Exception | None] = [None, UnavailableError("away"), UnauthenticatedError("no")]

    async def check() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    pace = Pace(heartbeat_s=NEVER, check_s=SOON)
    assert await run(connection, source, check=check, pace=pace)
    assert answers == []
    assert connection.body == b"event: login_ended\ndata: {}\n\n"


async def test_client_that_accepts_nothing_is_dropped() -> None:
    connection, source = Connection(), Source()

    class Stuck(Connection):
        async def send(self, message: Any) -> None:
            await super().send(message)
            self.accepts.clear()

    connection = Stuck()
    source.frames.put_nowait(b"x")
    pace = Pace(heartbeat_s=NEVER, check_s=NEVER, send_s_max=SOON)
    assert await run(connection, source, pace=pace)
    assert [message["type"] for message in connection.sent] == ["http.response.start"]


async def test_source_that_fails_ends_the_stream_without_an_end_that_looks_whole() -> None:
    connection, source = Connection(), Source()

    async def failing() -> AsyncGenerator[bytes, None]:
        yield b"x"
        source.ended = True
        raise UnavailableError("the database is away")

    assert await run(connection, source, frames=failing())
    assert connection.body == b"x"
    assert connection.sent[-1]["more_body"] is True
