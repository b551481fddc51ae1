"""Requests are limited by who sends them and by kind, whatever tokens he makes up."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role, Scope
from gateway.domain.rate import RatePolicy, RouteClass
from tests.support.people import AUTHOR, PASSWORD, SECRET, add_user, bearer, log_in, people_of


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """One database is enough here: the count is not in it."""
    path = tmp_path / "gateway.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


async def codes(
    client: httpx.AsyncClient, times: int, headers: dict[str, str] | None = None
) -> list[int]:
    return [
        (await client.get("/api/alerts", headers=headers or {})).status_code for _ in range(times)
    ]


def limited(**own: int) -> dict[str, Any]:
    routes = tuple((RouteClass(name), RatePolicy(most, 60)) for name, most in own.items())
    return {"rate_limit_requests": 0, "rate_limit_routes": routes}


async def test_people_behind_one_address_have_each_their_own(
    open_gateway: Any, database: Database
) -> None:
    for name in ("anna", "ben"):
        await add_user(database, name, Role.VIEWER)
    _, token = await people_of(database).add_token("reader", frozenset({Scope.READ}), 1, AUTHOR)
    async with open_gateway(require_login=True, secret_key=SECRET, **limited(reading=4)) as client:
        anna, ben = bearer(await log_in(client, "anna")), bearer(await log_in(client, "ben"))
        # The first request with a token counts by address: nobody knows yet whose it is.
        assert await codes(client, 6, anna) == [200] * 5 + [429]
        assert await codes(client, 6, ben) == [200] * 5 + [429]
        assert await codes(client, 6, bearer(token)) == [200] * 5 + [429]
        # Another token of the same user is the same user.
        again = bearer(await log_in(client, "anna"))
        assert await codes(client, 2, again) == [200, 429]


async def test_forged_and_ended_tokens_give_no_more(open_gateway: Any, database: Database) -> None:
    await add_user(database, "anna", Role.VIEWER)
    async with open_gateway(require_login=True, secret_key=SECRET, **limited(reading=3)) as client:
        login = await log_in(client, "anna")
        assert await codes(client, 1, bearer(login)) == [200]
        await client.post("/api/auth/logout", headers=bearer(login))
        # Still known as hers once, then as nobody's.
        assert await codes(client, 2, bearer(login)) == [401, 401]
        forged = [await codes(client, 1, bearer(f"ans_{'x' * 40}{each}")) for each in range(3)]
        assert forged == [[401], [429], [429]]
        assert await codes(client, 1) == [429]


async def test_logins_count_by_address_even_with_a_token(
    open_gateway: Any, database: Database
) -> None:
    await add_user(database, "anna", Role.VIEWER)
    async with open_gateway(require_login=True, secret_key=SECRET, **limited(login=2)) as client:
        headers = bearer(await log_in(client, "anna"))
        assert await codes(client, 3, headers) == [200] * 3
        body = {"username": "anna", "password": PASSWORD}
        answers = [
            await client.post("/api/auth/login", json=body, headers=headers) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[1].headers["ratelimit-policy"] == '"login";q=2;w=60'
        assert int(answers[1].headers["retry-after"]) > 0
        figures = (await client.get("/metrics", headers=headers)).text
        assert 'gateway_rate_limited_requests_total{class="login"} 1.0' in figures


async def test_kinds_do_not_use_up_each_other(open_gateway: Any) -> None:
    async with open_gateway(**limited(reading=1, evaluate=1, writing=1)) as client:
        for _ in range(2):
            read = await client.get("/api/alerts")
            scored = await client.post("/api/detection/evaluate", content=b"{")
            changed = await client.put("/api/alerts/unknown", json={"status": "ACTIVE"})
        assert {read.status_code, scored.status_code, changed.status_code} == {429}
        names = [each.headers["ratelimit"].split(";")[0] for each in (read, scored, changed)]
        assert names == ['"reading"', '"evaluate"', '"writing"']


async def test_one_home_with_many_addresses_is_one_client(open_gateway: Any) -> None:
    async with open_gateway(trusted_proxies=("127.0.0.0/8",), **limited(reading=1)) as client:
        addresses = ("2001:db8::1", "2001:db8::2:3", "2001:db8:0:1::1")
        found = [(await codes(client, 1, {"X-Forwarded-For": each}))[0] for each in addresses]
        assert found == [200, 429, 200]
