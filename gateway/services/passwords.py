"""Hashing and checking passwords with argon2id, a few at a time and beside the event loop."""

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import ResourceExhaustedError

T = TypeVar("T")

# The library's defaults are the low-memory choice of RFC 9106: 64 MiB and three passes. Each check
# holds that memory and a core, so that more than two at once would only slow all of them down.
_AT_ONCE = 2
# Beyond that somebody tries to keep the gateway busy.
_WAITING_MAX = 32
# Longer ones are refused before they are hashed; no password of ours is.
_CHECKED_LENGTH_MAX = 1024


class Passwords:
    """Hashes and checks passwords. Another hasher is for tests, which have no time to spare."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    @cached_property
    def _nobody(self) -> str:
        """A hash that is checked for somebody who does not exist, to take as long."""
        return self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        return await self._run(lambda: self._hasher.hash(password))

    async def matches(self, password_hash: str, password: str) -> bool:
        """Return whether a password is the hashed one; never for an empty hash.

        Takes as long for an empty hash.

        Raises:
            ResourceExhaustedError: too many wait for the same.
        """
        if len(password) > _CHECKED_LENGTH_MAX:
            password, password_hash = "", ""
        found = await self._run(lambda: self._check(password_hash, password))
        return found and bool(password_hash)

    def _check(self, password_hash: str, password: str) -> bool:
        # Made at the first check of all, whoever that is for, so that the start is not slower.
        nobody = self._nobody
        try:
            return self._hasher.verify(password_hash or nobody, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= _WAITING_MAX:
            raise ResourceExhaustedError("too many logins at once", reason="LOGIN_BUSY")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def hashed_now(password: str) -> str:
    """Return the hash to store; for commands, which have no event loop to spare."""
    return argon2.PasswordHasher().hash(password)
