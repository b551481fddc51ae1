"""Logging in and out."""

from typing import Any

from litestar import Controller, Request, get, post, put
from litestar.params import JSONBody

from gateway.rest import people_views as views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.people import (
    Done,
    LoggedOut,
    LoginBody,
    LoginEnvelope,
    MeEnvelope,
    PasswordBody,
    RefreshBody,
)
from gateway.rest.session import CALLER, client_of
from gateway.rest.wiring_people import Logins, ProviderLogins


class AuthController(Controller):
    """Paths below /api/auth."""

    path = "/api/auth"
    tags = ("people",)

    @post(
        "/login",
        status_code=200,
        dto=JsonBody[LoginBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="log_in",
        security=[{}],
        summary="Log in",
    )
    async def log_in(
        self, request: Request[Any, Any, Any], logins: Logins, data: JSONBody[LoginBody]
    ) -> LoginEnvelope:
        """Return a short-lived access token, and a refresh token that is good once."""
        return views.login(await logins.log_in(data.username, data.password, client_of(request)))

    @post(
        "/refresh",
        status_code=200,
        dto=JsonBody[RefreshBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="refresh_login",
        security=[{}],
        summary="Get new tokens",
    )
    async def refresh_login(
        self, request: Request[Any, Any, Any], logins: Logins, data: JSONBody[RefreshBody]
    ) -> LoginEnvelope:
        """Return new tokens. A refresh token that comes a second time ends its session."""
        return views.login(await logins.refresh(data.refresh_token, client_of(request)))

    @post(
        "/logout", status_code=200, responses=RESPONSES, operation_id="log_out", summary="Log out"
    )
    async def log_out(
        self,
        request: Request[Any, Any, Any],
        logins: Logins,
        provider_logins: ProviderLogins,
    ) -> LoggedOut:
        """End the session; its tokens are refused from now on."""
        user = await logins.me(CALLER.get())
        await logins.log_out(CALLER.get(), client_of(request))
        url = None if user.password_hash else await provider_logins.logout_url()
        return LoggedOut(success=True, message="logged out", provider_logout_url=url)

    @get("/me", responses=RESPONSES, operation_id="get_me", summary="Who am I")
    async def get_me(self, logins: Logins) -> MeEnvelope:
        """Return the caller and what he may do."""
        caller = CALLER.get()
        return MeEnvelope(views.me(await logins.me(caller), caller))

    @put(
        "/password",
        dto=JsonBody[PasswordBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="change_password",
        summary="Change one's password",
    )
    async def change_password(
        self, request: Request[Any, Any, Any], logins: Logins, data: JSONBody[PasswordBody]
    ) -> Done:
        """Change the caller's own password. All his sessions end, this one too."""
        await logins.change_password(
            CALLER.get(), data.current_password, data.new_password, client_of(request)
        )
        return Done(success=True, message="the password was changed; log in again")
