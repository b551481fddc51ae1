"""Clients that ask over kept connections, each its next question as soon as it has its answer.

They cost little beside the server that they share the machine with: requests are bytes made
beforehand, and of an answer only its status and its length are read.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_LENGTH = b"content-length: "
_END = b"\r\n\r\n"


@dataclass
class Taken:
    """What the answers took, in seconds, and those that were not good, by status."""

    seconds: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    wall_s: float = 0.0

    def quantile_ms(self, share: float) -> float:
        """Return the time within which a share of all answers came."""
        ordered = sorted(self.seconds)
        return 1e3 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def per_second(self) -> float:
        """Answers in a second."""
        return len(self.seconds) / self.wall_s


def request(path: str, headers: Sequence[str] = ()) -> bytes:
    """Return the bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Accept: application/json", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


async def ask(
    port: int, clients: int, duration_s: float, next_request: Callable[[], bytes]
) -> Taken:
    """Let clients ask for a while; the first tenth is not counted."""
    taken = Taken()
    begin = time.perf_counter()
    counted_from, until = begin + duration_s / 10, begin + duration_s
    await asyncio.gather(
        *(_client(port, next_request, taken, counted_from, until) for _ in range(clients))
    )
    taken.wall_s = until - counted_from
    return taken


async def _client(
    port: int,
    next_request: Callable[[], bytes],
    taken: Taken,
    counted_from: float,
    until: float,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while (sent := time.perf_counter()) < until:
            writer.write(next_request())
            head = await reader.readuntil(_END)
            status = int(head[9:12])
            low = head.lower()
            at = low.index(_LENGTH) + len(_LENGTH)
            await reader.readexactly(int(low[at : low.index(b"\r", at)]))
            done = time.perf_counter()
            if status != 200:
                taken.refused[status] = taken.refused.get(status, 0) + 1
            if sent >= counted_from:
                taken.seconds.append(done - sent)
    finally:
        writer.close()
