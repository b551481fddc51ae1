"""Logging in and out of the console: the REST API's logins, kept in cookies."""

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from gateway.errors import RuleBrokenError, UnauthenticatedError
from gateway.rest import people_views as views
from gateway.rest.body import JsonBody
from gateway.rest.cookie_login import (
    OWN_PAGE_HEADER,
    REFRESH_COOKIE,
    login_cookies,
    no_login_cookies,
)
from gateway.rest.schemas.people import Done, LoginBody
from gateway.rest.session import client_of
from gateway.rest.wiring_people import Logins
from gateway.services.session_tokens import Login

AnyRequest = Request[Any, Any, Any]
OverTls = NamedDependency[bool]


class ConsoleSessionController(Controller):
    """Paths below /session."""

    path = "/session"
    include_in_schema = False

    @post("/login", status_code=200, dto=JsonBody[LoginBody], return_dto=None)
    async def log_in(
        self, request: AnyRequest, logins: Logins, over_tls: OverTls, data: JSONBody[LoginBody]
    ) -> Response[Done]:
        """Log in by name and password."""
        _require_own_page(request)
        login = await logins.log_in(data.username, data.password, client_of(request))
        return _kept(login, over_tls=over_tls)

    @post("/refresh", status_code=200)
    async def refresh(
        self, request: AnyRequest, logins: Logins, over_tls: OverTls
    ) -> Response[Done]:
        """Exchange the tokens for new ones."""
        _require_own_page(request)
        token = request.cookies.get(REFRESH_COOKIE, "")
        if not token:
            raise UnauthenticatedError("there is no login to go on with")
        return _kept(await logins.refresh(token, client_of(request)), over_tls=over_tls)

    @post("/forget", status_code=200)
    async def forget(self, request: AnyRequest, over_tls: OverTls) -> Response[Done]:
        """Take the tokens out of the browser; POST /api/auth/logout ends the session itself."""
        _require_own_page(request)
        return Response(
            Done(success=True, message="logged out"), cookies=no_login_cookies(over_tls=over_tls)
        )


def _require_own_page(request: AnyRequest) -> None:
    if OWN_PAGE_HEADER.decode() not in request.headers:
        raise RuleBrokenError("only pages of the console may do that")


def _kept(login: Login, *, over_tls: bool) -> Response[Done]:
    tokens = views.login(login).data
    return Response(
        Done(success=True, message="logged in"), cookies=login_cookies(tokens, over_tls=over_tls)
    )
