"""Sends a delivery to a receiver.

A name is looked up here, and the connection goes to an address that was checked, so that it does
not matter what the name leads to a moment later. The certificate is checked against the name.
"""

import asyncio
import ipaddress
import math
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx

from gateway.domain.target import Address, TargetRules, address_fault
from gateway.domain.webhook import Outcome

_PORTS = {"https": 443, "http": 80}
# Addresses of one name that are tried one after the other.
_ADDRESSES_MAX = 3
# Threads that look names up; one that hangs keeps its thread until the system gives up.
_LOOKUPS_AT_ONCE = 8
_USER_AGENT = "anomaly-webhooks/1"


class TargetRefusedError(Exception):
    """The name leads to an address that webhooks may not go to."""


class WebhookSender:
    """Sends requests, each over a connection of its own. Made inside the event loop that uses it.

    Connections are not kept: one that was made for a name would be taken for another name at the
    same address without its certificate being looked at.
    """

    def __init__(self, rules: TargetRules, timeout_s: float) -> None:
        self._rules = rules
        self._timeout_s = timeout_s
        self._lookups = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="webhook-names")
        self._client = httpx.AsyncClient(
            timeout=timeout_s,
            follow_redirects=False,
            # No proxies of the environment, which would lead past the checks.
            trust_env=False,
            verify=_trust(),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Return what one attempt gave; it takes no longer than the timeout.

        Nothing of the answer is read but its head.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, headers, body)
        except TimeoutError:
            return Outcome(error="no answer in time")
        except TargetRefusedError as error:
            return Outcome(error=str(error))
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            # The kind alone: messages hold addresses and more.
            return Outcome(error=type(error).__name__)

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        parts = urlsplit(url)
        host = parts.hostname or ""
        addresses = await self._look_up(host, parts.port or _PORTS[parts.scheme])
        for address in addresses:
            if fault := address_fault(address, parts, self._rules):
                raise TargetRefusedError(f"the target {fault}")
        whole = {
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
        } | headers
        for number, address in enumerate(addresses, 1):
            try:
                async with self._client.stream(
                    "POST",
                    httpx.URL(url).copy_with(host=str(address)),
                    headers=whole,
                    content=body,
                    extensions={"sni_hostname": host},
                ) as answer:
                    return Outcome(
                        status=answer.status_code,
                        retry_after_s=_seconds(answer.headers.get("retry-after", "")),
                    )
            except httpx.ConnectError:
                # Nothing was sent, so that the next address may be tried.
                if number == len(addresses):
                    raise
        return Outcome(error="the name leads nowhere")

    async def _look_up(self, host: str, port: int) -> list[Address]:
        found = await asyncio.get_running_loop().run_in_executor(
            self._lookups, _addresses, host, port
        )
        return found[:_ADDRESSES_MAX]


def _trust() -> ssl.SSLContext:
    """Return whom to believe: the public authorities, and those that this machine knows."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _addresses(host: str, port: int) -> list[Address]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [
        ipaddress.ip_address(name) for name in dict.fromkeys(str(each[4][0]) for each in entries)
    ]


def _seconds(retry_after: str) -> float:
    """Return the seconds of a Retry-After header; one that holds a date counts as none."""
    try:
        seconds = float(retry_after)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
