"""Counting failed logins in the database, so that all workers and restarts know of them."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from gateway.domain import throttling
from gateway.domain.client_network import network_of
from gateway.domain.people import Throttle
from gateway.errors import ResourceExhaustedError
from gateway.services.people_ports import PeopleUnit


def account_key(name: str) -> str:
    """Return the key of an account, whether there is one or not."""
    return hashlib.sha256(f"account:{name}".encode()).hexdigest()


def client_key(client: str) -> str:
    """Return the key of a client's address, or of its network."""
    return hashlib.sha256(f"client:{network_of(client)}".encode()).hexdigest()


class Attempts:
    """Counts attempts inside the caller's transaction."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    async def count(self, unit: PeopleUnit, account: str, client: str | None = None) -> float:
        """Count a failure before it is known to be one, so that many at once gain nothing.

        Return for how many seconds the attempt is refused; then nothing was counted.
        """
        free = {account: throttling.ACCOUNT_FAILURES_FREE}
        if client is not None:
            free[client] = throttling.CLIENT_FAILURES_FREE
        now = self._now()
        records = await unit.sessions.locked_throttles(list(free), now)
        wait_s = max(throttling.wait_s(record, now) for record in records.values())
        if wait_s:
            return wait_s
        for key, record in records.items():
            await unit.sessions.put_throttle(throttling.after_failure(record, key, free[key], now))
        return 0.0

    async def succeeded(self, unit: PeopleUnit, account: str, client: str | None = None) -> None:
        """Forget the failures of an account, and take back the one counted against the client.

        The client's earlier ones stay: who has one account of his own must not guess at others'
        with its help.
        """
        now = self._now()
        if client is not None:
            record = (await unit.sessions.locked_throttles([account, client], now))[client]
            await unit.sessions.put_throttle(
                Throttle(
                    key=client,
                    failures=max(0, record.failures - 1),
                    last_failure_time=record.last_failure_time,
                    blocked_until=now,
                )
            )
        await unit.sessions.drop_throttle(account)


def throttled(refused_for_s: float) -> ResourceExhaustedError:
    """Return the answer to an attempt that comes too early."""
    return ResourceExhaustedError(
        "too many failed logins; wait before the next",
        reason="LOGIN_THROTTLED",
        retry_after_s=refused_for_s,
    )
