"""Logging in through an identity provider."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.datastructures import Cookie
from litestar.params import QueryParameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from gateway.rest import people_views as views
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.people import LoginEnvelope
from gateway.rest.session import client_of
from gateway.rest.wiring_people import ProviderLogins, RedirectUrl
from gateway.services.login_flow import LIFETIME
from gateway.services.oidc import Answer

_COOKIE = "anomaly_login"
_PATH = "/api/auth/oidc"
_LONG_MAX = 4096
_SHORT_MAX = 255

Long = Annotated[str, QueryParameter(max_length=_LONG_MAX)]
Short = Annotated[str, QueryParameter(max_length=_SHORT_MAX)]


class OidcController(Controller):
    """Paths below /api/auth/oidc."""

    path = _PATH
    tags = ("people",)

    @get(
        "/login",
        status_code=HTTP_303_SEE_OTHER,
        responses=RESPONSES,
        operation_id="begin_provider_login",
        security=[{}],
        summary="Log in through the identity provider",
    )
    async def begin_provider_login(
        self, provider_logins: ProviderLogins, redirect_url: RedirectUrl
    ) -> Redirect:
        """Send the browser to the identity provider; it comes back to the callback."""
        url, sealed = await provider_logins.begin()
        return Redirect(
            url,
            status_code=HTTP_303_SEE_OTHER,
            cookies=[_cookie(sealed, int(LIFETIME.total_seconds()), redirect_url)],
        )

    @get(
        "/callback",
        responses=RESPONSES,
        operation_id="complete_provider_login",
        security=[{}],
        summary="Come back from the identity provider",
    )
    async def complete_provider_login(
        self,
        request: Request[Any, Any, Any],
        provider_logins: ProviderLogins,
        redirect_url: RedirectUrl,
        code: Long = "",
        flow_state: Annotated[str, QueryParameter(name="state", max_length=_SHORT_MAX)] = "",
        iss: Short = "",
        error: Short = "",
    ) -> Response[LoginEnvelope]:
        """Return the tokens of a session for the provider's answer, as a login by password does.

        The browser must be the one that began, with the cookie that it got there.
        """
        login = await provider_logins.complete(
            Answer(code, flow_state, iss, error),
            request.cookies.get(_COOKIE, ""),
            client_of(request),
        )
        return Response(views.login(login), cookies=[_cookie("", 0, redirect_url)])


def _cookie(value: str, lifetime_s: int, redirect_url: str) -> Cookie:
    # Lax, because the way back from the provider begins on its site.
    return Cookie(
        key=_COOKIE,
        value=value,
        path=_PATH,
        max_age=lifetime_s,
        httponly=True,
        samesite="lax",
        secure=redirect_url.startswith("https:"),
    )
