"""Wiring of what is about people: who calls, logging in, users and service tokens."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from gateway.clock import utc_now
from gateway.config import GatewayConfig
from gateway.db.engine import Database
from gateway.domain.permission import ROUTES
from gateway.rest.guard import Guard
from gateway.services.access import AccessService
from gateway.services.logins import LoginService
from gateway.services.passwords import Passwords
from gateway.services.people import PeopleService
from gateway.services.tokens import AccessTokens

_EPHEMERAL_KEY_SIZE_BYTES = 48


class PeopleParts:
    """What the controllers and the guard need; lives as long as the application."""

    def __init__(
        self, config: GatewayConfig, database: Database, new_id: Callable[[str], str]
    ) -> None:
        # Without a key there is no login that has to outlive this process; see config.py.
        key = config.secret_key or secrets.token_urlsafe(_EPHEMERAL_KEY_SIZE_BYTES)
        tokens = AccessTokens(key, timedelta(minutes=config.access_token_expire_minutes), utc_now)
        self.passwords = Passwords()
        self.access = AccessService(database, tokens, utc_now, login_required=config.login_required)
        self.logins = LoginService(
            database,
            self.passwords,
            tokens,
            utc_now,
            new_id,
            timedelta(hours=config.session_expire_hours),
        )
        self.people = PeopleService(database, utc_now, new_id)


def guard(config: GatewayConfig, access: Callable[[], AccessService]) -> Guard:
    """Return the guard of all routes; `access` is asked for once requests come."""
    routes = ROUTES | {("GET", config.metrics_path): ROUTES["GET", "/metrics"]}
    return Guard(
        access, routes, frozenset(config.cors_origins), login_required=config.login_required
    )
