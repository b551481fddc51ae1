"""Guessing passwords is slow, for one account, from one client, and for names nobody has."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role
from gateway.errors import ResourceExhaustedError, UnauthenticatedError
from gateway.services.logins import LoginService
from gateway.services.passwords import Passwords, hashed_now
from gateway.services.session_tokens import SessionTokens
from gateway.services.tokens import AccessTokens
from gateway.topics.shared import new_id
from tests.support.people import CHEAP, PASSWORD, SECRET, add_user

GUESS = "not it"
START = datetime(2026, 2, 9, 14, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Attacker:
    """Tries to log in as soon as he may."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self.clock = Clock()
        tokens = AccessTokens(SECRET, timedelta(minutes=30), self.clock)
        sessions = SessionTokens(tokens, self.clock, new_id, timedelta(hours=12))
        self.logins = LoginService(database, passwords, sessions, self.clock)

    async def refused_for_s(self, name: str, client: str, password: str = GUESS) -> float | None:
        """Return how long to wait; None when the try was made."""
        try:
            await self.logins.log_in(name, password, client)
        except UnauthenticatedError:
            return None
        except ResourceExhaustedError as error:
            return error.retry_after_s
        return None

    async def tries_within(self, limit: timedelta, name: Any, client: Any) -> int:
        tries = 0
        while self.clock.now < START + limit:
            wait_s = await self.refused_for_s(name(tries), client(tries))
            if wait_s is None:
                tries += 1
            else:
                self.clock.now += timedelta(seconds=wait_s)
        return tries


@pytest.fixture
def attacker(database: Database) -> Attacker:
    return Attacker(database, Passwords(CHEAP))


async def test_one_account_from_many_clients(attacker: Attacker, database: Database) -> None:
    await add_user(database, "anna", Role.ADMIN)
    tries = await attacker.tries_within(
        timedelta(minutes=30), lambda _: "anna", lambda count: f"203.0.{count}.1"
    )
    # Three are free, nine are done while the wait doubles to its bound, one each five minutes then.
    assert 8 <= tries <= 18


async def test_many_accounts_from_one_client(attacker: Attacker) -> None:
    tries = await attacker.tries_within(
        timedelta(minutes=30), lambda count: f"name{count}", lambda _: "203.0.113.7"
    )
    assert 15 <= tries <= 25


async def test_many_addresses_of_one_ipv6_network_are_one_client(attacker: Attacker) -> None:
    tries = await attacker.tries_within(
        timedelta(minutes=5), lambda count: f"name{count}", lambda count: f"2001:db8::{count:x}"
    )
    assert tries <= 20


async def test_wait_doubles_and_is_the_same_for_a_name_nobody_has(
    attacker: Attacker, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    waits: dict[str, list[float]] = {"anna": [], "nobody": []}
    for name, seen in waits.items():
        attacker.clock.now = START
        for attempt in range(40):
            wait_s = await attacker.refused_for_s(name, f"198.51.{attempt}.{len(name)}")
            if wait_s is not None:
                seen.append(wait_s)
                attacker.clock.now += timedelta(seconds=wait_s)
    assert waits["anna"] == waits["nobody"]
    assert waits["anna"][:9] == [1, 2, 4, 8, 16, 32, 64, 128, 256]
    assert set(waits["anna"][9:]) == {300}


async def test_right_password_does_not_help_while_refused_and_resets_afterwards(
    attacker: Attacker, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    for _ in range(5):
        await attacker.refused_for_s("anna", "203.0.113.7")
    assert await attacker.refused_for_s("anna", "203.0.113.8", PASSWORD) == 1
    attacker.clock.now += timedelta(seconds=1)
    await attacker.logins.log_in("anna", PASSWORD, "203.0.113.8")
    for _ in range(3):
        assert await attacker.refused_for_s("anna", "203.0.113.9") is None


async def test_failures_are_forgotten_after_an_hour(attacker: Attacker) -> None:
    for _ in range(4):
        await attacker.refused_for_s("anna", "203.0.113.7")
    assert await attacker.refused_for_s("anna", "203.0.113.7") == 1
    attacker.clock.now += timedelta(hours=1)
    for _ in range(3):
        assert await attacker.refused_for_s("anna", "203.0.113.7") is None
    assert await attacker.refused_for_s("anna", "203.0.113.7") is None
    assert await attacker.refused_for_s("anna", "203.0.113.7") == 1


async def test_own_account_does_not_clear_the_client(
    attacker: Attacker, database: Database
) -> None:
    await add_user(database, "mallory", Role.VIEWER)
    for attempt in range(10):
        assert await attacker.refused_for_s(f"name{attempt}", "203.0.113.7") is None
        if attempt % 3 == 2:
            await attacker.logins.log_in("mallory", PASSWORD, "203.0.113.7")
    assert await attacker.refused_for_s("name10", "203.0.113.7") is None
    assert await attacker.refused_for_s("name11", "203.0.113.7") == 1


async def test_many_tries_at_once_gain_nothing(attacker: Attacker, database: Database) -> None:
    await add_user(database, "anna", Role.ANALYST)
    outcomes = await asyncio.gather(
        *(attacker.refused_for_s("anna", f"203.0.{index}.1") for index in range(20))
    )
    assert outcomes.count(None) == 4


async def test_unknown_name_takes_as_long_as_a_known_one(database: Database) -> None:
    attacker = Attacker(database, Passwords())
    password_hash = hashed_now(PASSWORD)
    for index in range(9):
        await add_user(database, f"user{index}", Role.ANALYST, password_hash=password_hash)
    seconds: dict[str, list[float]] = {"user": [], "nobody": []}
    for index in range(9):
        for kind, taken in seconds.items():
            started = time.perf_counter()
            await attacker.refused_for_s(f"{kind}{index}", f"203.{index}.{len(kind)}.1")
            taken.append(time.perf_counter() - started)
    known, unknown = (statistics.median(taken) for taken in seconds.values())
    # Without the check of a hash it would be a tenth; a busy machine makes it vary.
    assert 0.5 < unknown / known < 2


async def test_over_http_it_is_429_with_retry_after(open_gateway: Any, database: Database) -> None:
    await add_user(database, "anna", Role.ANALYST)
    settings = {"require_login": True, "secret_key": SECRET}
    async with open_gateway(**settings) as client, open_gateway(**settings) as other:
        for name in ("anna", "nobody"):
            body = {"username": name, "password": GUESS}
            answers = [await client.post("/api/auth/login", json=body) for _ in range(4)]
            # Another process knows of it too, and the right password does not help.
            answers.append(await other.post("/api/auth/login", json=body | {"password": PASSWORD}))
            assert [answer.status_code for answer in answers] == [401] * 4 + [429]
            assert answers[0].json()["message"] == "name or password is wrong"
            assert answers[4].headers["retry-after"] == "1"
            assert answers[4].json()["error_code"] == "LOGIN_THROTTLED"
