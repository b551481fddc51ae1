"""Where a delivery goes: to an address that was checked, whatever a name leads to."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.target import TargetRules
from gateway.outbound.sender import WebhookSender
from tests.support.certificates import self_signed
from tests.support.receiver import Received, Receiver, receiver

PUBLIC = "93.184.216.34"


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


class Names:
    """What names lead to, one answer a look-up."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in self.answers.pop(0)
        ]


async def post(
    url: str, rules: TargetRules, timeout_s: float = 5.0, headers: dict[str, str] | None = None
) -> Any:
    sender = WebhookSender(rules, timeout_s)
    try:
        return await sender.post(url, headers or {}, b"{}")
    finally:
        await sender.close()


async def test_loopback_is_not_reached_where_it_is_not_allowed(there: Receiver) -> None:
    for host in ("127.0.0.1", "localhost"):
        outcome = await post(f"https://{host}:{there.port}/", TargetRules())
        assert outcome.status is None
        assert "must not lead to a private" in outcome.error
    assert there.got == []


async def test_name_that_leads_elsewhere_at_the_second_look_is_looked_up_once(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is checked is what is connected to: a second look-up would lead to a private address."""
    names = Names(("127.0.0.1",), ("10.0.0.1",))
    monkeypatch.setattr(socket, "getaddrinfo", names)
    url = f"http://localhost:{there.port}/alerts"
    outcome = await post(url, TargetRules(loopback=True), headers={"webhook-id": "msg_1"})
    assert outcome.status == 204
    assert names.asked == ["localhost"]
    assert there.got[0].headers["host"] == f"localhost:{there.port}"
    assert there.got[0].headers["webhook-id"] == "msg_1"
    assert there.got[0].headers["user-agent"] == "anomaly-webhooks/1"


@pytest.mark.parametrize("inside", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1"])
async def test_name_with_one_address_that_is_not_allowed_is_refused(
    monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names((PUBLIC, inside)))
    outcome = await post("https://receiver.example/", TargetRules())
    assert (
        outcome.error == "the target must not lead to a private, link-local or other special "
        "address"
    )


async def test_next_address_is_tried_when_the_first_does_not_answer(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(("127.0.0.9", "127.0.0.1")))
    url = f"http://localhost:{there.port}/"
    assert (await post(url, TargetRules(loopback=True))).status == 204


@pytest.mark.parametrize(
    ("name", "trusted", "status"),
    [
        ("receiver.example", True, 204),
        ("other.example", True, None),
        ("receiver.example", False, None),
    ],
)
async def test_certificate_has_to_be_that_of_the_name_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool, status: int | None
) -> None:
    certificate, key = self_signed(tmp_path, "receiver.example")
    if trusted:
        # What OpenSSL takes for the authorities of this machine.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(socket, "getaddrinfo", Names(("127.0.0.1",)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with receiver(context) as there:
        outcome = await post(f"https://{name}:{there.port}/", TargetRules(loopback=True))
        assert outcome.status == status
        assert outcome.error == ("" if status else "ConnectError")
        assert len(there.got) == (1 if status else 0)


async def test_answer_is_waited_for_only_so_long(there: Receiver) -> None:
    release = asyncio.Event()

    async def answer(_: Received) -> str:
        await release.wait()
        return "200 OK"

    there.answer = answer
    outcome = await post(there.url, TargetRules(loopback=True), timeout_s=0.2)
    assert outcome.error == "no answer in time"
    release.set()


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("-7", 0.0), ("nan", 0.0), ("inf", 0.0), ("soon", 0.0)]
)
async def test_retry_after_is_told(there: Receiver, header: str, seconds: float) -> None:
    async def answer(_: Received) -> str:
        return f"429 Too Many Requests\r\nRetry-After: {header}"

    there.answer = answer
    outcome = await post(there.url, TargetRules(loopback=True))
    assert (outcome.status, outcome.retry_after_s) == (429, seconds)


async def test_name_that_nobody_has_is_a_failure() -> None:
    outcome = await post("https://nothing.invalid/", TargetRules())
    assert (outcome.status, outcome.error) == (None, "gaierror")
