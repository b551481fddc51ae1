"""Clients that say nothing, half of it, or far too much: the others are served all the same."""

import contextlib
import socket
from collections.abc import Iterator

import grpc
import httpx
import pytest

from scoring_server.rpc.client import ScoringClient
from tests.integration.scoring_server.messages import payment
from tests.support.product import Product, product

# More than a gateway answers at once, and than its pool has connections.
CLIENTS = 400
WAIT_S = 30.0
GROWTH_MIB_MAX = 100
HALF_A_HEADER = b"GET /api/alerts HTTP/1.1\r\nHost: localhost\r\nX-Half: "
HALF_A_BODY = (
    b"POST /api/labels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with product(tmp_path_factory.mktemp("abused")) as started:
        yield started


@pytest.fixture
def memory_stays(installed: Product) -> Iterator[None]:
    before = memory_mib(installed)
    yield
    assert memory_mib(installed) - before < GROWTH_MIB_MAX


def memory_mib(installed: Product) -> float:
    resident = [each.memory_info().rss for each in installed.program.family()]
    return sum(resident) / (1 << 20)


@contextlib.contextmanager
def silent_after(address: str, words: bytes) -> Iterator[list[socket.socket]]:
    host, port = address.removeprefix("http://").split(":")
    with contextlib.ExitStack() as held:
        connections = []
        for _ in range(CLIENTS):
            connection = socket.create_connection((host, int(port)), WAIT_S)
            connections.append(held.enter_context(connection))
            connection.sendall(words)
        yield connections


def check_others_are_served(installed: Product, transaction: int) -> None:
    answer = httpx.get(f"{installed.url}/api/alerts", timeout=WAIT_S)
    assert answer.status_code == 200
    with ScoringClient(installed.target) as client:
        result = client.score(payment(transaction), timeout_s=WAIT_S)
    assert result.transaction_id == f"tx-{transaction}"


@pytest.mark.usefixtures("memory_stays")
def test_half_a_header_is_given_up(installed: Product) -> None:
    with silent_after(installed.url, HALF_A_HEADER) as connections:
        check_others_are_served(installed, 1)
        # Closed, or told 408 first, before the client's own timeout.
        assert {connection.recv(1) for connection in connections} <= {b"", b"H"}


@pytest.mark.usefixtures("memory_stays")
@pytest.mark.parametrize("server", ["gateway", "scoring server"])
def test_who_is_silent_keeps_nobody_out(installed: Product, server: str) -> None:
    gateway = server == "gateway"
    address = installed.url if gateway else installed.target
    with silent_after(address, HALF_A_BODY if gateway else GREETING):
        check_others_are_served(installed, 2)


@pytest.mark.usefixtures("memory_stays")
@pytest.mark.parametrize(
    "headers", [{"X-Long": "a" * 1_000_000}, {f"x-{each}": "1" for each in range(20_000)}]
)
def test_headers_without_end_are_refused(installed: Product, headers: dict[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET /api/alerts HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode("ascii")
    host, port = installed.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), WAIT_S) as connection:
        # It need not read to the end to refuse.
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        with contextlib.suppress(ConnectionError):
            assert connection.recv(12) == b"HTTP/1.1 431"
    check_others_are_served(installed, 3)


@pytest.mark.usefixtures("memory_stays")
def test_metadata_without_end_is_refused(installed: Product) -> None:
    with ScoringClient(installed.target) as client:
        call = client.channel.unary_unary("/anomaly.v1.ScoringService/Score")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", metadata=[("x-long", "a" * 1_000_000)], timeout=WAIT_S)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    check_others_are_served(installed, 4)
