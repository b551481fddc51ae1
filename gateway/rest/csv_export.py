"""CSV that is sent while it is read, a batch of rows at a time, so that any length fits in memory.

Between two batches nothing is held: no transaction, no lock. A client that reads slowly slows the
reading down, one that goes away ends it, and a failure in the middle breaks the connection off, so
that half a file never looks like a whole one.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Receive, Send

from gateway.services.uninterrupted import uninterrupted

MEDIA_TYPE = "text/csv"
# How long a client may accept nothing; chosen by us.
_SEND_S_MAX = 60.0
# A spreadsheet takes a cell that starts with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NEUTRAL = "'"


class CsvResponse(Response[bytes]):
    """A file that is sent as it is made."""

    def __init__(self, chunks: AsyncIterator[bytes], filename: str) -> None:
        super().__init__(
            content=b"",
            media_type=MEDIA_TYPE,
            headers={
                "Content-Disposition": f'attachment; filename="{filename}"',
                "Cache-Control": "no-store",
            },
        )
        self._chunks = chunks

    def to_asgi_response(self, *_arguments: Any, **options: Any) -> ASGIResponse:
        """Return what sends the file, with the headers that the framework adds."""
        return _Sending(
            iterator=self._chunks,
            encoded_headers=options.get("encoded_headers"),
            headers=self.headers | (options.get("headers") or {}),
            media_type=self.media_type,
            status_code=self.status_code or options.get("status_code"),
        )


class _Sending(ASGIStreamingResponse):
    async def send_body(self, send: Send, receive: Receive) -> None:
        # Looked at between two chunks: the server cannot be cut off while it sends.
        gone = asyncio.create_task(_disconnected(receive))
        try:
            async for chunk in self.iterator:
                if gone.done():
                    return
                body = chunk if isinstance(chunk, bytes) else chunk.encode()
                async with asyncio.timeout(_SEND_S_MAX):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def csv_file(
    model: type[msgspec.Struct],
    batches: AsyncIterator[list[Any]],
    body: Callable[[Any], msgspec.Struct],
) -> AsyncIterator[bytes]:
    """Return the chunks of a file, a header with the names of the fields of `model` first.

    The first batch has been read by then, so that what is wrong with a request or with the database
    at its start is still answered as an error.

    Args:
        model: what `body` returns.
        batches: rows, some at a time.
        body: makes of a row what is shown of it.
    """
    first = await uninterrupted(_next(batches))

    async def chunks() -> AsyncIterator[bytes]:
        yield lines([model.__struct_fields__])
        rows = first
        while rows is not None:
            yield lines(msgspec.structs.astuple(body(row)) for row in rows)
            rows = await uninterrupted(_next(batches))

    return chunks()


async def _next(batches: AsyncIterator[list[Any]]) -> list[Any] | None:
    return await anext(batches, None)


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows as RFC 4180 has them, in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([cell(each) for each in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def cell(value: object) -> str:
    """Return a value as a cell shows it; text that a spreadsheet would run begins with a quote."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return _NEUTRAL + text if text.startswith(_FORMULA_STARTS) else text
