"""Server-sent events over one connection, from its start to its end.

The HTML standard, 9.2, says what the frames mean. A stream ends when its client goes or does not
read, when the caller may no longer see it, and when the server stops.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import structlog
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from gateway.errors import GatewayError, UnavailableError

MEDIA_TYPE = "text/event-stream"
# Asks proxies not to gather an answer before they pass it on.
_HEADERS = {"X-Accel-Buffering": "no"}
# Marks, in the state of a request, that its duration does not tell how fast we answer.
OPEN_ENDED = "open_ended"

_log = structlog.get_logger(__name__)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Times of a stream, in seconds.

    Attributes:
        heartbeat_s: longest silence. Proxies cut silent connections.
        check_s: how often it is looked up whether the caller may still see the stream.
        send_s_max: how long a client may take to accept a frame.
    """

    heartbeat_s: float
    check_s: float = 5.0
    send_s_max: float = 10.0


class Broadcast(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent to one client, and for how long.

    Attributes:
        frames: the stream ends with them.
        heartbeat: returns a frame for a silence.
        check: raises a GatewayError when the caller may no longer see the stream.
        stopping: is set when the server stops.
        held: what the stream holds on to; it is closed when the stream ends.
    """

    frames: AsyncGenerator[bytes, None]
    heartbeat: Callable[[], bytes]
    check: Callable[[], Awaitable[object]]
    stopping: asyncio.Event
    held: AsyncExitStack
    pace: Pace


def frame(*, event: str = "", data: bytes = b"", event_id: str = "", retry_ms: int = 0) -> bytes:
    """Return a frame. `data` has no line ends; without it the client only takes note of the id."""
    lines = []
    if retry_ms:
        lines.append(f"retry: {retry_ms}".encode())
    if event_id:
        lines.append(f"id: {event_id}".encode())
    if event:
        lines.append(f"event: {event}".encode())
    if data:
        lines.append(b"data: " + data)
    return b"\n".join([*lines, b"", b""])


_LOGIN_ENDED = frame(event="login_ended", data=b"{}")


class EventStream(Response[bytes]):
    """The answer that sends a broadcast."""

    def __init__(self, broadcast: Broadcast) -> None:
        super().__init__(b"", media_type=MEDIA_TYPE)
        self._broadcast = broadcast

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """Return what does the sending."""
        return _Sending(self._broadcast)


class _Sending(ASGIResponse):
    __slots__ = ("_broadcast",)
    _should_set_content_length = False

    def __init__(self, broadcast: Broadcast) -> None:
        super().__init__(media_type=MEDIA_TYPE, headers=_HEADERS)
        self._broadcast = broadcast

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"][OPEN_ENDED] = True
        broadcast = self._broadcast
        ends = [
            asyncio.create_task(_gone(receive)),
            asyncio.create_task(_set(broadcast.stopping)),
        ]
        try:
            await self.start_response(send)
            await _send_all(broadcast, send, ends)
        except TimeoutError:
            # The client accepts nothing. What it has read tells it from where to resume.
            return
        except GatewayError as error:
            # It comes back after `retry`, and is then told properly what is wrong.
            _log.warning("live_stream_broken", reason=error.reason, fault=error.message)
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            await broadcast.frames.aclose()
            await broadcast.held.aclose()


async def _send_all(broadcast: Broadcast, send: Send, ends: list[asyncio.Task[None]]) -> None:
    pace = broadcast.pace
    now_s = asyncio.get_running_loop().time
    spoke_s = checked_s = now_s()
    upcoming = asyncio.create_task(anext(broadcast.frames, None))
    try:
        while True:
            wait_s = min(spoke_s + pace.heartbeat_s, checked_s + pace.check_s) - now_s()
            await asyncio.wait(
                {upcoming, *ends}, timeout=max(0.0, wait_s), return_when=asyncio.FIRST_COMPLETED
            )
            if any(task.done() for task in ends):
                break
            if now_s() - checked_s >= pace.check_s:
                if not await _may_see(broadcast):
                    await _send(send, _LOGIN_ENDED, pace)
                    break
                checked_s = now_s()
            if upcoming.done():
                body = upcoming.result()
                if body is None:
                    break
                await _send(send, body, pace)
                spoke_s = now_s()
                upcoming = asyncio.create_task(anext(broadcast.frames, None))
            elif now_s() - spoke_s >= pace.heartbeat_s:
                await _send(send, broadcast.heartbeat(), pace)
                spoke_s = now_s()
        await _send(send, b"", pace, more=False)
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


async def _send(send: Send, body: bytes, pace: Pace, *, more: bool = True) -> None:
    async with asyncio.timeout(pace.send_s_max):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _may_see(broadcast: Broadcast) -> bool:
    try:
        await broadcast.check()
    except UnavailableError:
        # Nobody can tell at the moment, and nothing comes to be seen either.
        return True
    except GatewayError:
        return False
    return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _set(event: asyncio.Event) -> None:
    await event.wait()
