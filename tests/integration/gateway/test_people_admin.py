"""Looking after users and service tokens, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy
from sqlalchemy import exc as sqlalchemy_errors

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.db.url import synchronous_url
from gateway.domain.permission import Role, Scope
from tests.support.alerts import body as evaluate_body
from tests.support.people import AUTHOR, PASSWORD, SECRET, add_user, bearer, log_in, people_of


@pytest.fixture
async def admin(open_gateway: Any, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that wants a login, and a client that an admin has logged in."""
    await add_user(database, "root", Role.ADMIN)
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        client.headers.update(bearer(await log_in(client, "root")))
        yield client


async def added(admin: httpx.AsyncClient, name: str, role: str = "analyst") -> dict[str, Any]:
    answer = await admin.post(
        "/api/users", json={"username": name, "password": PASSWORD, "role": role}
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def execute(database_url: str, statement: str) -> None:
    """Run a statement past the gateway; where it writes too, wait for it."""
    waits = {"timeout": 60} if database_url.startswith("sqlite") else {}
    engine = sqlalchemy.create_engine(synchronous_url(database_url), connect_args=waits)
    try:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement))
    finally:
        engine.dispose()


async def reads(client: httpx.AsyncClient, token: Any) -> int:
    return (await client.get("/api/alerts", headers=bearer(token))).status_code


async def test_users_are_added_listed_and_read(admin: httpx.AsyncClient) -> None:
    anna = await added(admin, "anna")
    assert anna["must_change_password"] is True
    listed = (await admin.get("/api/users", params={"limit": 1, "page": 2})).json()
    assert [user["username"] for user in listed["data"]] == ["root"]
    assert listed["pagination"]["total_records"] == 2
    assert listed["pagination"]["has_next"] is False
    read = await admin.get(f"/api/users/{anna['user_id']}")
    assert read.json()["data"] == anna
    assert "argon2" not in read.text


async def test_bad_users_are_refused(admin: httpx.AsyncClient) -> None:
    good = {"username": "anna", "password": PASSWORD, "role": "analyst"}
    for field, value in (
        ("username", "Anna"),
        ("username", "a b"),
        ("username", "token:x"),
        ("role", "god"),
        ("password", "short"),
        ("password", "anna has a long one"),
    ):
        answer = await admin.post("/api/users", json=good | {field: value})
        assert answer.status_code == 422, (field, value)
        assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]
        # What came is said of an enumeration; a text may be a secret.
        assert (value in answer.text) == (field == "role"), answer.text
    await added(admin, "anna")
    again = await admin.post("/api/users", json=good)
    assert (again.status_code, again.json()["error_code"]) == (409, "NAME_TAKEN")
    for method in ("GET", "DELETE", "PATCH"):
        unknown = await admin.request(method, "/api/users/unknown", json={})
        assert unknown.status_code == 404


@pytest.mark.parametrize("change", ["remove", "disable", "password"])
async def test_token_of_a_user_who_is_put_out_is_refused_at_once(
    admin: httpx.AsyncClient, database: Database, change: str
) -> None:
    user = await add_user(database, "anna", Role.ANALYST)
    path = f"/api/users/{user.user_id}"
    login = await log_in(admin, "anna")
    assert await reads(admin, login) == 200
    if change == "remove":
        done = await admin.delete(path)
    elif change == "disable":
        done = await admin.patch(path, json={"disabled": True})
    else:
        done = await admin.patch(path, json={"password": "chosen by the admin"})
    assert done.status_code == 200
    assert await reads(admin, login) == 401
    refreshed = await admin.post(
        "/api/auth/refresh", json={"refresh_token": login["refresh_token"]}
    )
    assert refreshed.status_code == 401
    body = {"username": "anna", "password": PASSWORD}
    assert (await admin.post("/api/auth/login", json=body)).status_code == 401


async def test_removed_name_is_never_given_again(
    admin: httpx.AsyncClient, database: Database
) -> None:
    user = await add_user(database, "anna", Role.ANALYST)
    assert (await admin.delete(f"/api/users/{user.user_id}")).status_code == 200
    assert (await admin.get(f"/api/users/{user.user_id}")).status_code == 404
    again = await admin.post(
        "/api/users", json={"username": "anna", "password": PASSWORD, "role": "admin"}
    )
    assert again.json()["error_code"] == "NAME_TAKEN"


async def test_new_role_holds_from_the_next_request_on(
    admin: httpx.AsyncClient, database: Database
) -> None:
    user = await add_user(database, "anna", Role.VIEWER)
    login = await log_in(admin, "anna")
    note = "/api/investigations/unknown/notes"

    async def writes() -> int:
        answer = await admin.post(note, json={"content": "x"}, headers=bearer(login))
        return answer.status_code

    assert await writes() == 403
    await admin.patch(f"/api/users/{user.user_id}", json={"role": "analyst"})
    assert await writes() == 404
    await admin.patch(f"/api/users/{user.user_id}", json={"role": "viewer"})
    assert await writes() == 403


async def test_last_admin_stays_also_when_two_go_at_once(
    admin: httpx.AsyncClient, database: Database
) -> None:
    root = (await admin.get("/api/auth/me")).json()["data"]["user_id"]
    for refused in (
        await admin.delete(f"/api/users/{root}"),
        await admin.patch(f"/api/users/{root}", json={"role": "viewer"}),
        await admin.patch(f"/api/users/{root}", json={"disabled": True}),
    ):
        assert (refused.status_code, refused.json()["error_code"]) == (409, "LAST_ADMIN")
    ids = [root] + [(await add_user(database, f"root{n}", Role.ADMIN)).user_id for n in range(4)]
    people = people_of(database)

    async def remove(user_id: str) -> None:
        await people.remove_user(user_id, AUTHOR)

    outcomes = await asyncio.gather(*map(remove, ids), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 4


async def test_service_token_works_until_revoked_or_expired(
    admin: httpx.AsyncClient, database: Database
) -> None:
    body = {"name": "core-banking", "scopes": ["score", "read"], "expires_in_days": 7}
    token = (await admin.post("/api/tokens", json=body)).json()["data"]
    assert token["token"].startswith("ans_")
    assert token["created_by"] == "root"
    scored = await admin.post(
        "/api/detection/evaluate", json=evaluate_body("tx-1"), headers=bearer(token["token"])
    )
    assert scored.status_code == 200
    assert await reads(admin, token["token"]) == 200
    assert (await admin.get("/api/auth/me", headers=bearer(token["token"]))).status_code == 403
    listed = await admin.get("/api/tokens")
    assert [each["name"] for each in listed.json()["data"]] == ["core-banking"]
    assert token["token"] not in listed.text
    again = await admin.post("/api/tokens", json=body)
    assert again.json()["error_code"] == "NAME_TAKEN"
    for _ in range(2):
        revoked = await admin.delete(f"/api/tokens/{token['token_id']}")
        assert revoked.status_code == 200
    assert await reads(admin, token["token"]) == 401
    assert (await admin.delete("/api/tokens/unknown")).status_code == 404
    people = people_of(database)
    people._now = lambda: utc_now() - timedelta(days=8)
    _, old = await people.add_token("old", frozenset({Scope.READ}), 7, AUTHOR)
    assert await reads(admin, old) == 401
    for bad in ({"scopes": []}, {"scopes": ["all"]}, {"expires_in_days": 0}, {"name": "a:b"}):
        assert (
            await admin.post("/api/tokens", json=body | {"name": "n2"} | bad)
        ).status_code == 422


async def test_record_of_access_tells_who_did_what(
    admin: httpx.AsyncClient, database: Database, database_url: str
) -> None:
    anna = await added(admin, "anna")
    await admin.patch(f"/api/users/{anna['user_id']}", json={"role": "supervisor"})
    await admin.post("/api/auth/login", json={"username": "anna", "password": "wrong"})
    await admin.post("/api/auth/login", json={"username": "hunter2", "password": "anna"})
    first = (await admin.get("/api/access-events", params={"limit": 3})).json()
    rest = (await admin.get("/api/access-events", params={"before": first["next_before"]})).json()
    assert rest["next_before"] is None
    rows = [(row["action"], row["actor"], row["subject"]) for row in first["data"] + rest["data"]]
    assert rows == [
        ("LOGIN_REFUSED", "unknown", "unknown"),
        ("LOGIN_REFUSED", "anna", "anna"),
        ("USER_CHANGED", "root", "anna"),
        ("USER_ADDED", "root", "anna"),
        ("LOGIN", "root", "root"),
        ("USER_ADDED", "tests", "root"),
    ]
    assert first["data"][2]["detail"] == "role=analyst->supervisor"
    assert first["data"][0]["client"] == "127.0.0.1"
    # The gateway may be writing, and SQLite lets one write at a time; so it must be let go on.
    for statement in ("UPDATE access_events SET actor = 'x'", "DELETE FROM access_events"):
        with pytest.raises(sqlalchemy_errors.DBAPIError, match="only"):
            await asyncio.to_thread(execute, database_url, statement)
