"""Who is calling.

With a login the token says who it is. Without one, in development, the request may name the
analyst. The guard sets the caller of each request before its handler runs, so that no handler can
forget to ask.
"""

from contextvars import ContextVar
from typing import Any

from litestar import Request

from gateway.domain.people import ANYBODY, Caller
from gateway.domain.permission import Permission
from gateway.services.access import require

ANONYMOUS = "anonymous"

CALLER: ContextVar[Caller] = ContextVar("caller", default=ANYBODY)


def analyst_of(named: str | None) -> str:
    """Return the analyst who is answerable for a request.

    `named` is who the request says it is, which counts only where there is no login.
    """
    return CALLER.get().name or named or ANONYMOUS


def require_permission(needed: Permission) -> None:
    """Return when the caller has a permission beyond the one that his route needs.

    Raises:
        UnauthenticatedError, PermissionDeniedError: as `require`.
    """
    require(CALLER.get(), needed)


def client_of(request: Request[Any, Any, Any]) -> str:
    """Return the address that a request comes from, as the entry found it out."""
    return str(request.scope["state"].get("client", ""))
