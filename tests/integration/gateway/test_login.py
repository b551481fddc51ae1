"""Logging in, staying in, and being put out, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import raise_alert
from tests.support.people import PASSWORD, SECRET, add_user, bearer, log_in

NEW_PASSWORD = "another fine sentence"


@pytest.fixture
async def locked(open_gateway: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that wants a login."""
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        yield client


async def status(client: httpx.AsyncClient, token: Any) -> int:
    return (await client.get("/api/auth/me", headers=bearer(token))).status_code


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/auth/refresh", json={"refresh_token": token})


async def test_login_gives_tokens_that_open_the_door(
    locked: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    refused = await locked.get("/api/alerts")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error_code"] == "UNAUTHENTICATED"
    login = await log_in(locked, "Anna ")
    assert login["token_type"] == "Bearer"
    assert 1790 <= login["expires_in"] <= 1800
    assert (await locked.get("/api/alerts", headers=bearer(login))).status_code == 200
    me = (await locked.get("/api/auth/me", headers=bearer(login))).json()["data"]
    assert (me["username"], me["role"]) == ("anna", "analyst")
    assert me["permissions"] == ["LABEL", "OWN", "PUBLIC", "READ", "WORK"]
    assert "hash" not in str(me)


async def test_token_names_the_analyst_and_not_the_body(
    locked: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "sam", Role.SUPERVISOR)
    login = await log_in(locked, "sam")
    locked.headers.update(bearer(login))
    alert_id = await raise_alert(locked, "tx-1")
    noted = await locked.post(
        f"/api/investigations/{alert_id}/notes", json={"content": "x", "analyst_id": "eve"}
    )
    assert noted.status_code == 201
    decided = await locked.post(
        f"/api/investigations/{alert_id}/decision", json={"decision": "FRAUD", "analyst_id": "eve"}
    )
    assert decided.status_code == 200
    history = (await locked.get(f"/api/investigations/{alert_id}/history")).json()["history"]
    assert {row["analyst_id"] for row in history} == {"system", "sam"}
    case = (await locked.get(f"/api/investigations/{alert_id}")).json()["data"]
    assert [note["analyst_id"] for note in case["notes"]] == ["sam"]


async def test_refresh_token_is_good_once_and_its_reuse_ends_the_session(
    locked: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    first = await log_in(locked, "anna")
    other = await log_in(locked, "anna")
    second = (await refresh(locked, first["refresh_token"])).json()["data"]
    assert second["refresh_token"] != first["refresh_token"]
    assert await status(locked, second) == 200
    reused = await refresh(locked, first["refresh_token"])
    assert (reused.status_code, reused.json()["error_code"]) == (401, "TOKEN_REFUSED")
    # All that came of the stolen one is worthless now, and the other session goes on.
    assert (await refresh(locked, second["refresh_token"])).status_code == 401
    assert await status(locked, second) == 401
    assert await status(locked, other) == 200
    async with database.read() as unit:
        actions = [event.action for event in await unit.people.access_events(None, 10)]
    assert actions.count("REFRESH_TOKEN_REUSED") == 1


async def test_of_many_refreshes_at_once_at_most_one_wins(
    locked: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    login = await log_in(locked, "anna")
    answers = await asyncio.gather(*(refresh(locked, login["refresh_token"]) for _ in range(8)))
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_logout_refuses_both_tokens_at_once(
    locked: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    login = await log_in(locked, "anna")
    assert (await locked.post("/api/auth/logout", headers=bearer(login))).status_code == 200
    assert await status(locked, login) == 401
    assert (await refresh(locked, login["refresh_token"])).status_code == 401


async def test_password_change_ends_all_sessions(
    locked: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    login, other = await log_in(locked, "anna"), await log_in(locked, "anna")

    async def change(current: str, new: str) -> httpx.Response:
        return await locked.put(
            "/api/auth/password",
            json={"current_password": current, "new_password": new},
            headers=bearer(login),
        )

    wrong = await change("not the password", NEW_PASSWORD)
    assert wrong.json()["details"]["fields"][0]["field"] == "current_password"
    for weak in ("short", "aaaaaaaaaaaaaaaa", "anna is my name", "password12345", PASSWORD):
        refused = await change(PASSWORD, weak)
        assert refused.status_code == 422, weak
        assert refused.json()["details"]["fields"][0]["field"] == "new_password"
    assert (await change(PASSWORD, NEW_PASSWORD)).status_code == 200
    for old in (login, other):
        assert await status(locked, old) == 401
        assert (await refresh(locked, old["refresh_token"])).status_code == 401
    assert await status(locked, await log_in(locked, "anna", NEW_PASSWORD)) == 200
    with pytest.raises(AssertionError):
        await log_in(locked, "anna", PASSWORD)


async def test_password_of_somebody_else_has_to_be_changed_first(
    locked: httpx.AsyncClient, database: Database
) -> None:
    await add_user(database, "anna", Role.ADMIN, must_change_password=True)
    login = await log_in(locked, "anna")
    assert login["user"]["must_change_password"] is True
    refused = await locked.get("/api/alerts", headers=bearer(login))
    assert (refused.status_code, refused.json()["error_code"]) == (403, "PASSWORD_CHANGE_REQUIRED")
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    changed = await locked.put("/api/auth/password", json=body, headers=bearer(login))
    assert changed.status_code == 200
    again = await log_in(locked, "anna", NEW_PASSWORD)
    assert (await locked.get("/api/alerts", headers=bearer(again))).status_code == 200


async def test_forged_and_damaged_tokens_are_refused(
    locked: httpx.AsyncClient, database: Database
) -> None:
    user = await add_user(database, "anna", Role.ADMIN)
    login = await log_in(locked, "anna")
    good = jwt.decode(login["access_token"], OctKey.import_key(SECRET), algorithms=["HS256"]).claims

    def signed(key: str = SECRET, alg: str = "HS256", **changes: Any) -> str:
        claims = {name: value for name, value in (good | changes).items() if value is not None}
        return jwt.encode({"alg": alg}, claims, OctKey.import_key(key), algorithms=[alg])

    head, body, signature = login["access_token"].split(".")
    unsigned = "eyJhbGciOiJub25lIn0"
    an_hour = timedelta(hours=1)
    forged = {
        "another key": signed(key="another-key-of-thirty-two-letters!"),
        "another algorithm": signed(alg="HS512"),
        "no algorithm": f"{unsigned}.{body}.",
        "no signature": f"{head}.{body}.",
        "changed signature": f"{head}.{body}.{signature[:-4]}AAAA",
        "expired": signed(exp=int((utc_now() - an_hour).timestamp())),
        "no expiry": signed(exp=None),
        "another issuer": signed(iss="elsewhere"),
        "another audience": signed(aud="elsewhere"),
        "another user": signed(sub="usr_other"),
        "another session": signed(sid="ses_other"),
        "an older version": signed(ver=user.version - 1),
        "a version of another type": signed(ver="x"),
        "nothing": "x",
        "dots": "..",
        "a refresh token": login["refresh_token"],
        "an unknown service token": "ans_unknown",
    }
    assert await status(locked, signed()) == 200
    for what, token in forged.items():
        answer = await locked.get("/api/auth/me", headers=bearer(token))
        assert (answer.status_code, answer.json()["error_code"]) == (401, "TOKEN_REFUSED"), what
    for header in ("Basic YTpi", "Bearer", login["access_token"], "bearer  "):
        answer = await locked.get("/api/auth/me", headers={"Authorization": header})
        assert answer.status_code == 401, header


async def test_session_ends_in_time_however_often_it_is_refreshed(
    open_gateway: Any, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    async with open_gateway(
        require_login=True,
        secret_key=SECRET,
        access_token_expire_minutes=120,
        session_expire_hours=1,
    ) as client:
        login = await log_in(client, "anna")
        renewed = (await refresh(client, login["refresh_token"])).json()["data"]
    for tokens in (login, renewed):
        assert tokens["expires_in"] <= 3600
        assert tokens["refresh_expires_in"] <= 3600


async def test_development_without_login_takes_the_analyst_from_the_request(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    body = {"content": "x", "analyst_id": "eve"}
    assert (
        await gateway.post(f"/api/investigations/{alert_id}/notes", json=body)
    ).status_code == 201
    history = (await gateway.get(f"/api/investigations/{alert_id}/history")).json()["history"]
    assert history[-1]["analyst_id"] == "eve"
    assert (await gateway.get("/api/auth/me")).status_code == 401
    # Who logs in all the same is known by his token, and bad tokens are refused here too.
    await add_user(database, "anna", Role.VIEWER)
    login = await log_in(gateway, "anna")
    assert await status(gateway, login) == 200
    refused = await gateway.post(
        f"/api/investigations/{alert_id}/notes", json=body, headers=bearer(login)
    )
    assert refused.status_code == 403
    assert (await gateway.get("/api/alerts", headers=bearer("x"))).status_code == 401


async def test_foreign_page_cannot_act_in_development(gateway: httpx.AsyncClient) -> None:
    async def act(origin: str) -> int:
        answer = await gateway.post(
            "/api/investigations/x/notes", json={"content": "x"}, headers={"Origin": origin}
        )
        return answer.status_code

    assert await act("http://evil.example") == 403
    assert await act("null") == 403
    assert await act("http://localhost:3000") == 404
    assert await act("http://localhost") == 404
