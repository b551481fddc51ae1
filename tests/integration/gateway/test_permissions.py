"""Every route needs a permission, and over real HTTP each caller gets exactly his."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import build
from gateway.config import GatewayConfig
from gateway.db.engine import Database
from gateway.domain.permission import (
    ROLE_PERMISSIONS,
    ROUTES,
    SCOPE_PERMISSIONS,
    Permission,
    Role,
    Scope,
)
from gateway.rest.guard import template_of
from tests.support.gateway_process import serving
from tests.support.people import AUTHOR, SECRET, add_user, bearer, log_in, people_of
from tests.support.scripted_scoring_server import ScriptedScoringServer

REFUSED = {401, 403}


def routes_of(config: GatewayConfig) -> Iterator[tuple[str, str]]:
    for route in build(config).routes:
        for method in sorted(getattr(route, "methods", ())):
            # Answered by the framework for browsers that ask before they ask.
            if method != "OPTIONS":
                yield method, template_of(route.path_format)


def test_every_route_has_an_entry() -> None:
    found = set(routes_of(GatewayConfig()))
    assert len(found) > 25
    assert not found - ROUTES.keys()


def test_figures_at_another_path_need_the_same() -> None:
    found = set(routes_of(GatewayConfig(metrics_path="/internal/figures")))
    assert found - ROUTES.keys() == {("GET", "/internal/figures")}


def test_each_role_may_do_all_that_the_one_before_may() -> None:
    allowed = [ROLE_PERMISSIONS[role] for role in Role]
    for lower, higher in itertools.pairwise(allowed):
        assert lower < higher
    assert allowed[-1] == set(Permission)
    assert not any(Permission.OWN in permissions for permissions in SCOPE_PERMISSIONS.values())


@pytest.fixture
async def callers(database: Database) -> dict[str, frozenset[Permission]]:
    """Add one user of each role; return what each caller may do."""
    for role in Role:
        await add_user(database, f"some-{role}", role)
    return {
        "nobody": frozenset({Permission.PUBLIC}),
        **{f"some-{role}": ROLE_PERMISSIONS[role] for role in Role},
        **{f"token-{scope}": SCOPE_PERMISSIONS[scope] for scope in Scope},
    }


async def headers_of(client: httpx.AsyncClient, database: Database, name: str) -> dict[str, str]:
    if name == "nobody":
        return {}
    if name.startswith("some-"):
        return bearer(await log_in(client, name))
    people = people_of(database)
    scope = Scope(name.removeprefix("token-"))
    _, text = await people.add_token(name, frozenset({scope}), 1, AUTHOR)
    return bearer(text)


async def test_each_caller_gets_exactly_his_routes(
    database_url: str,
    database: Database,
    callers: dict[str, frozenset[Permission]],
    scoring: ScriptedScoringServer,
    tmp_path: Path,
) -> None:
    environ = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": SECRET,
        "DATABASE_URL": database_url.replace("+aiosqlite", ""),
        "SCORING_TARGET": scoring.target,
        "RATE_LIMIT_REQUESTS": "0",
    }
    wrong: list[Any] = []
    routes = [route for route in routes_of(GatewayConfig()) if route[1] != "/api/auth/logout"]
    async with serving(tmp_path, **environ) as client:
        for name, permissions in callers.items():
            headers = await headers_of(client, database, name)
            for method, template in [*routes, ("POST", "/api/auth/logout")]:
                path = "/".join(
                    "unknown" if part.startswith("{") else part for part in template.split("/")
                )
                async with client.stream(method, path, headers=headers) as answer:
                    got = answer.status_code
                allowed = ROUTES[method, template] in permissions
                expected = None if allowed else 401 if name == "nobody" else 403
                # The two that need no caller refuse what they are shown by themselves.
                if (got if got in REFUSED else None) != expected:
                    wrong.append((name, method, template, got, expected))
    assert not wrong
