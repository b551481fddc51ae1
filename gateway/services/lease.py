"""The right to follow the feed: one process has it, and another takes over when that is gone.

It keeps processes from getting in each other's way; that nothing is stored twice is the feed
position's part. The holder's name tells its machine and process, so that a process which was killed
is succeeded at once by one on the same machine, not only when its time is over.
"""

import os
import socket
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import psutil
import structlog

from gateway.errors import GatewayError
from gateway.services.ports import Database

_NAME = "feed"
_DURATION = timedelta(seconds=15)
_RENEWAL_S = 5.0
# How often a process without the lease asks for it.
_ATTEMPT_S = 1.0
_HOST_LENGTH_MAX = 24

_log = structlog.get_logger(__name__)


def holder_name() -> str:
    """Return a name for this process that no other one has, now or later."""
    host = socket.gethostname().replace(":", "_")[:_HOST_LENGTH_MAX]
    return f"{host}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


def is_gone(holder: str, observer: str) -> bool:
    """Return whether a holder is a dead process on the machine of `observer`."""
    host, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    return host == observer.partition(":")[0] and pid.isdigit() and not psutil.pid_exists(int(pid))


class Lease:
    """The lease as one process sees it.

    Attributes:
        held: this process has it.
        with_other: another process had it when this one asked last.
    """

    def __init__(
        self,
        database: Database,
        holder: str,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._database = database
        self._holder = holder
        self._now = now
        self._monotonic_s = monotonic_s
        self._asked_s = float("-inf")
        self.held = False
        self.with_other = False

    async def keep(self) -> bool:
        """Take or renew the lease when it is time for that; return whether this process has it."""
        pause_s = _RENEWAL_S if self.held else _ATTEMPT_S
        if self._monotonic_s() - self._asked_s < pause_s:
            return self.held
        async with self._database.write() as unit:
            holder = await unit.feed.lease_holder(_NAME)
            if holder and is_gone(holder, self._holder):
                _log.warning("feed_lease_of_dead_process", holder=holder)
                await unit.feed.drop_lease(_NAME, holder, self._now())
            self.held = await unit.feed.take_lease(_NAME, self._holder, self._now(), _DURATION)
        self.with_other = not self.held
        self._asked_s = self._monotonic_s()
        return self.held

    async def give_back(self) -> None:
        """Let another process have it at once."""
        if not self.held:
            return
        self.held = False
        try:
            async with self._database.write() as unit:
                await unit.feed.drop_lease(_NAME, self._holder, self._now())
        except GatewayError as error:
            _log.warning("feed_lease_kept", fault=error.message)
