"""What people see where a program would get an error body: the same statuses, as pages."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from gateway.console.rendering import page
from gateway.errors import GatewayError
from gateway.rest import error_responses
from gateway.rest.schemas.errors import ErrorBody

AnyRequest = Request[Any, Any, Any]

_TITLES = {
    403: "You may not see this page",
    404: "There is nothing here",
    422: "This address cannot be read",
    429: "Too many requests",
    503: "A part of the system is away",
}


def _as_page(request: AnyRequest, answer: Response[ErrorBody]) -> Response[str]:
    status = answer.status_code or 500
    if status == 401:  # noqa: PLR2004 - HTTP
        return page("login.html", "/login", status=status)
    error = answer.content
    title = _TITLES.get(status, "That did not work")
    shown = page("error.html", request.url.path, status=status, title=title, error=error)
    for name in ("retry-after", "allow"):
        if name in answer.headers:
            shown.headers[name] = answer.headers[name]
    return shown


def _on_gateway_error(request: AnyRequest, error: GatewayError) -> Response[str]:
    return _as_page(request, error_responses.on_gateway_error(request, error))


def _on_validation(request: AnyRequest, error: ValidationException) -> Response[str]:
    return _as_page(request, error_responses.on_validation(request, error))


def _on_http(request: AnyRequest, error: HTTPException) -> Response[str]:
    return _as_page(request, error_responses.on_http(request, error))


def _on_unexpected(request: AnyRequest, error: Exception) -> Response[str]:
    return _as_page(request, error_responses.on_unexpected(request, error))


PAGE_ERRORS: ExceptionHandlersMap = {
    GatewayError: _on_gateway_error,
    ValidationException: _on_validation,
    HTTPException: _on_http,
    Exception: _on_unexpected,
}
