"""People: who calls, logging in, users and service tokens."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from gateway.clock import monotonic_s, utc_now
from gateway.config import GatewayConfig
from gateway.domain.permission import ROUTES, Role
from gateway.identity.configuration import OidcConfig
from gateway.identity.provider import OidcProvider
from gateway.rest.controllers.auth import AuthController
from gateway.rest.controllers.oidc import OidcController
from gateway.rest.controllers.users import TokenController, UserController, list_access_events
from gateway.rest.guard import Guard
from gateway.rest.known_callers import KnownCallers
from gateway.services.access import AccessService
from gateway.services.login_flow import LoginFlows
from gateway.services.logins import LoginService
from gateway.services.oidc import OidcLogins, Rules
from gateway.services.passwords import Passwords
from gateway.services.people import PeopleService
from gateway.services.session_tokens import SessionTokens
from gateway.services.tokens import AccessTokens
from gateway.topics.shared import Shared, new_id
from gateway.topics.topic import Live, Topic

_EPHEMERAL_KEY_SIZE_BYTES = 48


def _start(shared: Shared) -> Live:
    config = shared.config
    # Without a key there is no login that has to outlive this process; see config.py.
    key = config.secret_key or secrets.token_urlsafe(_EPHEMERAL_KEY_SIZE_BYTES)
    tokens = AccessTokens(key, timedelta(minutes=config.access_token_expire_minutes), utc_now)
    passwords = Passwords()
    sessions = SessionTokens(tokens, utc_now, new_id, timedelta(hours=config.session_expire_hours))
    oidc = config.oidc
    provider = OidcProvider(oidc, utc_now, monotonic_s) if oidc else None
    return Live(
        {
            "passwords": passwords,
            "access": AccessService(
                shared.database, tokens, utc_now, login_required=config.login_required
            ),
            "logins": LoginService(
                shared.database, passwords, sessions, utc_now, _password_roles(oidc)
            ),
            "provider_logins": OidcLogins(
                shared.database,
                provider,
                LoginFlows(key, utc_now),
                sessions,
                Rules(oidc.issuer, oidc.role_claim, oidc.roles) if oidc else Rules("", "", {}),
                utc_now,
                new_id,
            ),
            "redirect_url": oidc.redirect_url if oidc else "",
            "people": PeopleService(shared.database, utc_now, new_id),
        },
        (provider.run,) if provider else (),
    )


def _password_roles(oidc: OidcConfig | None) -> frozenset[Role]:
    """Return who may log in by password: with a provider, admins for when it fails."""
    if oidc is None:
        return frozenset(Role)
    return frozenset() if oidc.only else frozenset({Role.ADMIN})


def guard(
    config: GatewayConfig, access: Callable[[], AccessService], known_callers: KnownCallers
) -> Guard:
    """Return the guard of all routes; `access` is asked for once requests come."""
    routes = ROUTES | {("GET", config.metrics_path): ROUTES["GET", "/metrics"]}
    return Guard(
        access,
        routes,
        frozenset(config.cors_origins),
        known_callers,
        login_required=config.login_required,
    )


TOPIC = Topic(
    handlers=(
        AuthController,
        OidcController,
        UserController,
        TokenController,
        list_access_events,
    ),
    names=("passwords", "access", "logins", "provider_logins", "redirect_url", "people"),
    start=_start,
)
