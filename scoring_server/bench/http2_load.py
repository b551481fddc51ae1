"""A gRPC client that does as little as it can, so that the server is measured.

`run_load` is closed-loop: it finds out what a server can do at most. `run_open_load` sends at times
that do not depend on the answers, as payers do, and counts from those times, so that a server that
stands still is charged for all who wait meanwhile.

It speaks the part of HTTP/2 (RFC 9113) that unary gRPC needs, over prebuilt frames, each with
another message: h2load repeats one body, and a repeated transaction is answered from memory.
Both servers of a comparison see the same frames.
"""

import selectors
import socket
import struct
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring_server import clock
from scoring_server.errors import UnavailableError

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _ACK, _END_HEADERS = 0x1, 0x1, 0x4
_FRAME_HEADER_BYTES: Final = 9
_WINDOW_START: Final = 65_535
_WINDOW_MAX: Final = 2**31 - 1
_SETTINGS_INITIAL_WINDOW_SIZE: Final = 4
_RECEIVE_BYTES: Final = 1 << 18
_SILENCE_SECONDS_MAX: Final = 30.0
_FAILED: Final = "a call failed; run `anomaly score` to see why"


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _text(value: str) -> bytes:
    encoded = value.encode()
    assert len(encoded) < 127  # noqa: PLR2004 - a longer length has another form in RFC 7541
    return bytes([len(encoded)]) + encoded


def header_block(method: str, authority: str) -> bytes:
    """Return the HPACK block (RFC 7541) of a gRPC request, without dynamic indexing."""
    return b"".join(
        (
            b"\x83\x86",  # :method POST, :scheme http
            b"\x04" + _text(method),  # :path
            b"\x01" + _text(authority),  # :authority
            b"\x0f\x10" + _text("application/grpc"),  # content-type
            b"\x00" + _text("te") + _text("trailers"),
        )
    )


class _Connection:
    """One HTTP/2 connection with a bounded number of calls in flight."""

    def __init__(self, host: str, port: int, method: str, in_flight_max: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._block = header_block(method, f"{host}:{port}")
        self._in_flight_max = in_flight_max
        self._window = _WINDOW_START
        self._stream = 1
        self._received = b""
        self._answered: set[int] = set()
        self.starts: dict[int, int] = {}
        window = struct.pack(">HI", _SETTINGS_INITIAL_WINDOW_SIZE, _WINDOW_MAX)
        self._out = bytearray(
            _PREFACE
            + _frame(_SETTINGS, 0, 0, window)
            + _frame(_WINDOW_UPDATE, 0, 0, struct.pack(">I", _WINDOW_MAX - _WINDOW_START))
        )

    def can_send(self, message: bytes) -> bool:
        return len(self.starts) < self._in_flight_max and self._window > len(message) + 5

    def add_call(self, message: bytes, began_ns: int) -> None:
        """Buffer a call whose latency counts from a time."""
        stream = self._stream
        self._stream += 2
        body = b"\x00" + struct.pack(">I", len(message)) + message
        self._out += _frame(_HEADERS, _END_HEADERS, stream, self._block)
        self._out += _frame(_DATA, _END_STREAM, stream, body)
        self._window -= len(body)
        self.starts[stream] = began_ns

    def flush(self) -> None:
        """Send what is buffered; the rest stays when the socket is full."""
        if self._out:
            try:
                sent = self.socket.send(self._out)
            except BlockingIOError:
                return
            del self._out[:sent]

    @property
    def wants_to_send(self) -> bool:
        return bool(self._out)

    def receive(self, latencies_ns: list[int]) -> int:
        """Take in what has arrived; return how many calls have ended without a message.

        Those that have ended with one add their latency.
        """
        data = self.socket.recv(_RECEIVE_BYTES)
        if not data:
            raise UnavailableError("the server closed the connection")
        buffer = self._received + data
        position, failures = 0, 0
        while len(buffer) - position >= _FRAME_HEADER_BYTES:
            length = int.from_bytes(buffer[position : position + 3], "big")
            end = position + _FRAME_HEADER_BYTES + length
            if end > len(buffer):
                break
            kind, flags = buffer[position + 3], buffer[position + 4]
            stream = int.from_bytes(buffer[position + 5 : position + 9], "big")
            payload = buffer[position + _FRAME_HEADER_BYTES : end]
            failures += self._take(kind, flags, stream, payload, latencies_ns)
            position = end
        self._received = buffer[position:]
        return failures

    def _take(
        self, kind: int, flags: int, stream: int, payload: bytes, latencies_ns: list[int]
    ) -> int:
        if kind == _DATA:
            self._answered.add(stream)
        elif (kind == _HEADERS and flags & _END_STREAM) or kind == _RST_STREAM:
            # The trailers end a call; without a message before them it has failed.
            began_ns = self.starts.pop(stream, None)
            if began_ns is None:
                # A reset of a stream that its trailers have ended.
                return 0
            elapsed_ns = clock.monotonic_ns() - began_ns
            if stream not in self._answered:
                return 1
            self._answered.discard(stream)
            latencies_ns.append(elapsed_ns)
        elif kind == _WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(payload, "big")
        elif kind in {_SETTINGS, _PING} and not flags & _ACK:
            self._out += _frame(kind, _ACK, 0, payload if kind == _PING else b"")
        elif kind == _GOAWAY:
            raise UnavailableError(f"the server said goodbye: {payload[8:].decode('latin-1')}")
        return 0


def run_load(
    address: tuple[str, int],
    method: str,
    messages: Sequence[bytes],
    *,
    connection_count: int,
    in_flight_max: int,
    may_refuse: bool = False,
) -> tuple[float, NDArray[np.int64]]:
    """Send every message once, each connection with up to `in_flight_max` calls at a time.

    Args:
        address: host and port of the server.
        method: path of the method, such as /package.Service/Method.
        messages: serialised requests.
        connection_count: connections, opened before the clock starts.
        in_flight_max: calls in flight on each.
        may_refuse: whether calls may fail; those are then left out of the latencies.

    Returns:
        Seconds from the first call to the last answer, and the latency of each call in nanoseconds.

    Raises:
        UnavailableError: a call failed, or the server went silent.
    """
    selector, connections = _connected(address, method, connection_count, in_flight_max)
    latencies_ns: list[int] = []
    refused = 0
    waiting = iter(messages)
    upcoming = next(waiting, None)
    began_ns = clock.monotonic_ns()
    try:
        ready = connections
        while True:
            for connection in ready:
                while upcoming is not None and connection.can_send(upcoming):
                    connection.add_call(upcoming, clock.monotonic_ns())
                    upcoming = next(waiting, None)
                connection.flush()
            if len(latencies_ns) + refused == len(messages):
                break
            ready, failed = _receive_ready(selector, latencies_ns)
            refused += failed
            if failed and not may_refuse:
                raise UnavailableError(_FAILED)
        elapsed_s = (clock.monotonic_ns() - began_ns) / clock.NS_PER_S
    finally:
        for connection in connections:
            connection.socket.close()
        selector.close()
    return elapsed_s, np.array(latencies_ns, np.int64)


def run_open_load(
    address: tuple[str, int],
    method: str,
    messages: Sequence[bytes],
    *,
    connection_count: int,
    rate_per_s: float,
    seed: int,
    may_refuse: bool = False,
    late_s_max: float = 0.0,
) -> NDArray[np.int64]:
    """Send every message once, at times of a Poisson process.

    Args:
        address: host and port of the server.
        method: path of the method.
        messages: serialised requests.
        connection_count: connections, opened before the first call is due.
        rate_per_s: calls a second, on average.
        seed: of the times.
        may_refuse: whether calls may fail; those are then left out of the latencies.
        late_s_max: how late a call may be sent; 0 takes a whole core, to be never late.

    Returns:
        The latency of each call in nanoseconds, from the time when it was due.

    Raises:
        UnavailableError: a call failed, or the server went silent.
    """
    gaps_s = np.random.default_rng(seed).exponential(1 / rate_per_s, len(messages))
    selector, connections = _connected(address, method, connection_count, len(messages))
    latencies_ns: list[int] = []
    due_ns = (np.cumsum(gaps_s) * clock.NS_PER_S).astype(np.int64) + clock.monotonic_ns()
    times = due_ns.tolist()
    sent = refused = 0
    try:
        while len(latencies_ns) + refused < len(messages):
            now_ns = clock.monotonic_ns()
            while sent < len(messages) and times[sent] <= now_ns:
                connections[sent % connection_count].add_call(messages[sent], times[sent])
                sent += 1
            for connection in connections:
                connection.flush()
            timeout_s = _SILENCE_SECONDS_MAX if sent == len(times) else late_s_max
            failed = _receive_ready(selector, latencies_ns, timeout_s)[1]
            refused += failed
            if failed and not may_refuse:
                raise UnavailableError(_FAILED)
    finally:
        for connection in connections:
            connection.socket.close()
        selector.close()
    return np.array(latencies_ns, np.int64)


def _connected(
    address: tuple[str, int], method: str, connection_count: int, in_flight_max: int
) -> tuple[selectors.DefaultSelector, list[_Connection]]:
    selector = selectors.DefaultSelector()
    connections = []
    for _ in range(connection_count):
        connection = _Connection(*address, method, in_flight_max)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connections.append(connection)
    return selector, connections


def _receive_ready(
    selector: selectors.DefaultSelector,
    latencies_ns: list[int],
    timeout_s: float = _SILENCE_SECONDS_MAX,
) -> tuple[list[_Connection], int]:
    """Wait for the server and take in what came.

    Returns the connections that may go on, and how many calls have failed.
    """
    events = selector.select(timeout_s)
    if not events and timeout_s == _SILENCE_SECONDS_MAX:
        raise UnavailableError(f"the server was silent for {timeout_s:.0f} s")
    ready: list[_Connection] = []
    failed = 0
    for key, mask in events:
        connection: _Connection = key.data
        if mask & selectors.EVENT_READ:
            failed += connection.receive(latencies_ns)
        connection.flush()
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.wants_to_send else 0)
        if key.events != wanted:
            selector.modify(connection.socket, wanted, connection)
        ready.append(connection)
    return ready, failed
