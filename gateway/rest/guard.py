"""Lets a request through to its handler when its caller may call it; see domain/permission.py."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from gateway.domain.client_network import is_loopback
from gateway.domain.permission import Permission
from gateway.errors import PermissionDeniedError, UnauthenticatedError
from gateway.rest.known_callers import KnownCallers
from gateway.rest.safe_methods import SAFE_METHODS
from gateway.rest.session import CALLER
from gateway.services.access import AccessService, require

_PARAMETER_TYPE = re.compile(r":[a-z]+}")


def template_of(path: str) -> str:
    """Return a path template without the types of its parameters."""
    return _PARAMETER_TYPE.sub("}", path)


class Guard:
    """The guard of every route."""

    def __init__(
        self,
        access: Callable[[], AccessService],
        routes: Mapping[tuple[str, str], Permission],
        origins: frozenset[str],
        known_callers: KnownCallers,
        *,
        login_required: bool,
    ) -> None:
        self._access = access
        self._routes = routes
        self._origins = origins
        self._known_callers = known_callers
        self._login_required = login_required

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
    ) -> None:
        """Return when the request may pass; its caller is then in CALLER."""
        method = str(connection.scope.get("method", "GET"))
        if method == "OPTIONS":
            return
        if not self._login_required:
            _refuse_foreign_host(connection)
            if method not in SAFE_METHODS:
                self._refuse_foreign_page(connection)
        path = template_of(connection.scope["path_template"])
        structlog.contextvars.bind_contextvars(route=path)
        needed = self._routes.get((method, path), Permission.ADMINISTER)
        if needed is not Permission.PUBLIC:
            await self._require(connection, needed)

    async def _require(
        self, connection: ASGIConnection[Any, Any, Any, Any], needed: Permission
    ) -> None:
        shown = connection.headers.get("authorization", "")
        try:
            caller = await self._access().caller(shown)
        except UnauthenticatedError:
            self._known_callers.refused(shown.encode("latin-1"))
            raise
        CALLER.set(caller)
        if caller.user_id:
            self._known_callers.accepted(shown.encode("latin-1"), caller.user_id)
            structlog.contextvars.bind_contextvars(caller=caller.user_id)
        require(caller, needed)

    def _refuse_foreign_page(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Keep pages of other sites from acting through a developer's own browser.

        With a login they lack the token, which no browser sends by itself.
        """
        origin = connection.headers.get("origin")
        if origin is None or origin in self._origins or "*" in self._origins:
            return
        if urlsplit(origin).netloc != connection.headers.get("host", ""):
            raise PermissionDeniedError(
                "pages of this origin may not do that; CORS_ORIGINS lists those that may",
                reason="FOREIGN_ORIGIN",
            )


def _refuse_foreign_host(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Keep pages out whose own name leads to this machine (DNS rebinding).

    To a browser such a page and the gateway are of one origin, so that neither CORS nor the origin
    of a request tells.
    """
    for host in connection.headers.getall("host", []):
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            name = ""
        if not is_loopback(name):
            raise PermissionDeniedError(
                "without a login this gateway answers to localhost only", reason="FOREIGN_HOST"
            )
