"""Logging in through an identity provider that really listens, signs and forgets codes."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.people import UserStatus
from gateway.domain.permission import Role
from gateway.identity.configuration import OidcConfig
from gateway.services.people import UserChange
from tests.support.oidc_provider import (
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    OidcProvider,
    begun,
    come_back,
    log_in,
    running_provider,
)
from tests.support.people import AUTHOR, PASSWORD, SECRET, add_user, bearer, people_of

ROLES = {"team": Role.ANALYST, "leads": Role.SUPERVISOR, "heads": Role.ADMIN}


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with running_provider() as running:
        running.person |= {"preferred_username": "Anna", "name": "Anna A.", "roles": ["team"]}
        yield running


def configured(provider: OidcProvider, **changes: Any) -> dict[str, Any]:
    oidc = OidcConfig(
        issuer=provider.issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        redirect_url=CALLBACK,
        roles=ROLES,
        **changes,
    )
    return {"require_login": True, "secret_key": SECRET, "oidc": oidc}


@pytest.fixture
async def locked(open_gateway: Any, provider: OidcProvider) -> AsyncIterator[httpx.AsyncClient]:
    async with open_gateway(**configured(provider)) as client:
        yield client


async def me(client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found = await client.get("/api/auth/me", headers=bearer(answer.json()["data"]))
    assert found.status_code == 200
    return dict(found.json()["data"])


async def actions(database: Database) -> list[tuple[str, str, str]]:
    async with database.read() as unit:
        rows = await unit.people.access_events(None, 50)
    return [(row.action, row.actor, row.detail) for row in reversed(rows)]


async def test_first_login_makes_a_user_whose_session_is_like_any_other(
    locked: httpx.AsyncClient, provider: OidcProvider, database: Database
) -> None:
    asked = await begun(locked)
    cookie = locked.cookies.jar.__iter__().__next__()
    assert (cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == ("/api/auth/oidc", True)
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    assert asked["tenant"] == "1"
    assert asked["state"] not in str(cookie.value)
    answer = await come_back(locked, provider.authorize(asked))
    anna = await me(locked, answer)
    assert (anna["username"], anna["display_name"], anna["role"]) == ("anna", "Anna A.", "analyst")
    assert not locked.cookies
    tokens = answer.json()["data"]
    refreshed = await locked.post(
        "/api/auth/refresh", json={"refresh_token": tokens["refresh_token"]}
    )
    assert refreshed.status_code == 200
    actor = provider.issuer.replace("http://", "provider:")
    assert await actions(database) == [
        ("USER_ADDED", actor, "role=analyst"),
        ("LOGIN", "anna", ""),
    ]
    out = await locked.post("/api/auth/logout", headers=bearer(tokens))
    assert out.json()["provider_logout_url"] == f"{provider.issuer}/logout?client_id={CLIENT_ID}"
    assert (await locked.get("/api/auth/me", headers=bearer(tokens))).status_code == 401


async def test_role_follows_the_claim_and_the_name_does_not(
    locked: httpx.AsyncClient, provider: OidcProvider, database: Database
) -> None:
    first = await me(locked, await log_in(locked, provider))
    provider.person |= {"roles": ["unknown", "leads", "team"], "preferred_username": "renamed"}
    second = await me(locked, await log_in(locked, provider))
    assert second["user_id"] == first["user_id"]
    assert (second["username"], second["role"]) == ("anna", "supervisor")
    assert ("USER_CHANGED", "role=analyst->supervisor") in [
        (action, detail) for action, _, detail in await actions(database)
    ]
    provider.person["roles"] = "unknown"
    refused = await log_in(locked, provider)
    assert (refused.status_code, refused.json()["error_code"]) == (403, "NO_ROLE")
    async with database.read() as unit:
        assert len((await unit.people.users(0, 10))[0]) == 1


async def test_lost_role_ends_open_sessions(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    tokens = (await log_in(locked, provider)).json()["data"]
    provider.person["roles"] = []
    assert (await log_in(locked, provider)).status_code == 403
    assert (await locked.get("/api/auth/me", headers=bearer(tokens))).status_code == 401


async def test_local_account_of_the_same_name_or_address_is_never_taken_over(
    locked: httpx.AsyncClient, provider: OidcProvider, database: Database
) -> None:
    for name in ("anna", "anna@example.com"):
        await add_user(database, name, Role.ADMIN)
    provider.person["email"] = "anna@example.com"
    found = await me(locked, await log_in(locked, provider))
    assert found["username"].startswith("anna-")
    assert found["role"] == "analyst"
    provider.person |= {"sub": "subject-2", "preferred_username": "anna@example.com"}
    other = await me(locked, await log_in(locked, provider))
    assert other["username"].startswith("anna@example.com-")
    # A third one who is called as the first was called here is somebody else again.
    provider.person |= {"sub": "subject-3", "preferred_username": found["username"]}
    third = await me(locked, await log_in(locked, provider))
    assert len({found["user_id"], other["user_id"], third["user_id"]}) == 3


async def test_disabled_and_removed_users_stay_out(
    locked: httpx.AsyncClient, provider: OidcProvider, database: Database
) -> None:
    user_id = (await me(locked, await log_in(locked, provider)))["user_id"]
    people = people_of(database)
    await people.change_user(user_id, UserChange(disabled=True), AUTHOR)
    refused = await log_in(locked, provider)
    assert (refused.status_code, refused.json()["error_code"]) == (401, "LOGIN_REFUSED")
    await people.remove_user(user_id, AUTHOR)
    assert (await log_in(locked, provider)).status_code == 401
    async with database.read() as unit:
        removed = await unit.people.user(user_id)
    assert removed is not None
    assert removed.status is UserStatus.REMOVED


async def test_last_admin_stays_one(
    locked: httpx.AsyncClient, provider: OidcProvider, database: Database
) -> None:
    provider.person["roles"] = ["heads"]
    assert (await me(locked, await log_in(locked, provider)))["role"] == "admin"
    provider.person["roles"] = ["team"]
    refused = await log_in(locked, provider)
    assert (refused.status_code, refused.json()["error_code"]) == (409, "LAST_ADMIN")
    await add_user(database, "root", Role.ADMIN)
    assert (await me(locked, await log_in(locked, provider)))["role"] == "analyst"


async def test_passwords_are_for_admins_then_or_for_nobody(
    open_gateway: Any, provider: OidcProvider, database: Database
) -> None:
    await add_user(database, "root", Role.ADMIN)
    await add_user(database, "ben", Role.ANALYST)

    async def codes(client: httpx.AsyncClient) -> list[tuple[int, str]]:
        found = []
        for name, password in (("root", PASSWORD), ("ben", PASSWORD), ("ben", "wrong")):
            answer = await client.post(
                "/api/auth/login", json={"username": name, "password": password}
            )
            found.append((answer.status_code, answer.json().get("error_code", "")))
        return found

    off = (403, "PASSWORD_LOGIN_OFF")
    async with open_gateway(**configured(provider)) as client:
        assert await codes(client) == [(200, ""), off, (401, "LOGIN_REFUSED")]
    async with open_gateway(**configured(provider, only=True)) as client:
        assert await codes(client) == [off] * 3
        assert (await log_in(client, provider)).status_code == 200


async def test_without_a_provider_there_is_nothing_to_log_in_through(
    gateway: httpx.AsyncClient,
) -> None:
    for path in ("login", "callback"):
        answer = await gateway.get(f"/api/auth/oidc/{path}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, "NO_IDENTITY_PROVIDER")


async def test_dotted_claim_and_keys_in_the_form(open_gateway: Any, provider: OidcProvider) -> None:
    provider.person["realm"] = {"roles": ["leads"]}
    async with open_gateway(**configured(provider, role_claim="realm.roles")) as client:
        assert (await me(client, await log_in(client, provider)))["role"] == "supervisor"


async def test_answer_to_another_browser_or_another_request_is_refused(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    location = provider.authorize(await begun(locked))
    wrong_state = await come_back(locked, location, state="x" * 43)
    assert wrong_state.json()["error_code"] == "LOGIN_FLOW_UNKNOWN"
    kept = dict(locked.cookies)
    locked.cookies.clear()
    assert (await come_back(locked, location)).json()["error_code"] == "LOGIN_FLOW_UNKNOWN"
    for name, value in kept.items():
        bent = value[:-1] + ("A" if value[-1] != "A" else "B")
        locked.cookies.set(name, bent, path="/api/auth/oidc")
    assert (await come_back(locked, location)).json()["error_code"] == "LOGIN_FLOW_UNKNOWN"
    assert "/token" not in provider.reads


async def test_refusal_by_the_provider_is_a_refusal_here(
    locked: httpx.AsyncClient, provider: OidcProvider
) -> None:
    location = provider.authorize(await begun(locked))
    answer = await come_back(locked, location, error="access_denied<script>")
    assert (answer.status_code, answer.json()["error_code"]) == (401, "IDENTITY_REFUSED")
    assert "script" not in answer.text
    assert "/token" not in provider.reads
