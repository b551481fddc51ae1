"""Where every request enters, unknown paths included.

Request id, client address, rate limit, protective headers, log line and figures.
"""

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import Message, Receive, Scope, Send

from gateway.domain.client_network import network_of
from gateway.domain.rate import RouteClass, route_class
from gateway.errors import RuleBrokenError
from gateway.rest.client_address import ClientAddress
from gateway.rest.cookie_login import headers_with_login
from gateway.rest.encoded_slash import path_of
from gateway.rest.event_stream import OPEN_ENDED
from gateway.rest.known_callers import KnownCallers
from gateway.rest.metrics import Metrics
from gateway.rest.protection import rate_limit_headers, security_headers, with_missing
from gateway.rest.rate_limit import Allowance, RateLimit
from gateway.rest.safe_methods import SAFE_METHODS
from gateway.rest.schemas.errors import ErrorBody
from gateway.spans import Spans

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._-]{1,64}$")
_HEADER = b"x-request-id"
_UNMATCHED = "unmatched"
_SERVER_ERROR = 500

_log = structlog.get_logger(__name__)


class GatewayApplication(Litestar):
    """The Litestar application with an entry that sees all of its requests.

    Middleware of Litestar runs behind its routing, so it would miss requests to unknown paths.
    """

    def watch(
        self,
        metrics: Metrics,
        rate_limit: RateLimit,
        exempt: frozenset[str],
        known_callers: KnownCallers,
        client_address: ClientAddress,
        spans: Spans | None,
        *,
        strict_transport: bool,
    ) -> None:
        """Set what the entry counts and limits; paths in `exempt` are never refused."""
        self._metrics = metrics
        self._rate_limit = rate_limit
        self._exempt = exempt
        self._known_callers = known_callers
        self._client_address = client_address
        self._spans = spans
        self._strict_transport = strict_transport

    # Called, in the event loop, before the server waits for what is being answered to end.
    before_stop: Callable[[], None]

    def provide_one_by_one(self) -> None:
        """Hand a handler its dependencies one after the other.

        Ours are there already; Litestar would start a group of tasks to wait for each.
        """
        for route in self.routes:
            if isinstance(route, HTTPRoute):
                for _, model in route.route_handler_map.values():
                    model.dependency_batches = [
                        {dependency} for batch in model.dependency_batches for dependency in batch
                    ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        scope["path"] = path_of(scope["path"], scope.get("raw_path"))
        scope["headers"] = headers_with_login(scope)
        request_id = _request_id(scope)
        if self._spans is None or scope["path"] in self._exempt:
            await self._serve(scope, receive, send, request_id)
            return
        with self._spans.request(str(scope["method"]), scope["headers"], request_id) as finish:
            status = await self._serve(scope, receive, send, request_id)
            finish(_route(scope), status)

    async def _serve(self, scope: Any, receive: Any, send: Any, request_id: str) -> int:
        """Answer a request; return the status."""
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["client"] = client = self._client_address(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started_ns = time.perf_counter_ns()
        status = _SERVER_ERROR

        allowance = None
        if scope["path"] not in self._exempt:
            allowance = self._count(scope, client)
        headers = security_headers(scope["path"], strict_transport=self._strict_transport)
        headers += rate_limit_headers(allowance)
        headers.append((_HEADER, request_id.encode("ascii")))

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if scope["method"] == "OPTIONS":
                    self._tell_methods(scope, message)
                message["headers"] = with_missing(list(message["headers"]), headers)
            await send(message)

        try:
            if allowance is not None and allowance.refused:
                await self._refuse(scope, answer, allowance)
            else:
                await super().__call__(scope, _whole(scope, receive), answer)
        finally:
            self._tell(scope, status, (time.perf_counter_ns() - started_ns) / 1e9)
        return status

    def _tell_methods(self, scope: Any, message: Any) -> None:
        """Name all methods of a path: the framework names those of one of its handlers only."""
        methods = {
            method
            for route in self.routes
            if isinstance(route, HTTPRoute) and route.path_format == scope.get("path_template")
            for method in route.methods
        }
        allow = ", ".join(sorted(methods)).encode("ascii")
        message["headers"] = [
            (name, allow if name == b"allow" else value) for name, value in message["headers"]
        ]

    def _count(self, scope: Any, client: str) -> Allowance | None:
        kind = route_class(str(scope["method"]), scope["path"])
        caller_id = ""
        # Whoever logs in counts by address, so that an account of his own is no second one.
        if kind is not RouteClass.LOGIN:
            caller_id = self._known_callers.caller(_header(scope, b"authorization"))
        allowance = self._rate_limit.count(kind, caller_id or network_of(client))
        if allowance is not None and allowance.refused:
            self._metrics.refused(kind)
        return allowance

    async def _refuse(self, scope: Scope, send: Send, allowance: Allowance) -> None:
        body = ErrorBody(
            "RATE_LIMITED",
            f"too many requests; come back in {allowance.reset_s} s",
            {"retry_after_s": allowance.reset_s},
            scope["state"]["request_id"],
        )
        headers = [
            (b"content-type", b"application/json"),
            (b"retry-after", str(allowance.reset_s).encode()),
        ]
        # A page of a permitted origin may read why it was refused.
        origin = _header(scope, b"origin")
        if self.cors_config and self.cors_config.is_origin_allowed(origin.decode("latin-1")):
            headers += [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send(
            {"type": "http.response.body", "body": msgspec.json.encode(body), "more_body": False}
        )

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = str(scope.get("method", ""))
        route = _route(scope)
        open_ended = OPEN_ENDED in scope["state"]
        self._metrics.observe(method, route, status, None if open_ended else seconds)
        # The template, because the path itself may name an account.
        level = _log.debug if status < _SERVER_ERROR else _log.warning
        level("request", method=method, route=route, status=status, duration_ms=seconds * 1e3)


def _whole(scope: Scope, receive: Receive) -> Receive:
    """Tell a body that breaks off from one that ends: to the framework that were our fault."""
    if scope["method"] in SAFE_METHODS:  # type: ignore[typeddict-item] # only HTTP comes here
        return receive
    ended = False

    async def take() -> Any:
        nonlocal ended
        message = await receive()
        if message["type"] == "http.disconnect" and not ended:
            raise RuleBrokenError("the body broke off", reason="BODY_BROKEN_OFF")
        ended = not message.get("more_body", False)
        return message

    return take


def _route(scope: Scope) -> str:
    return str(scope.get("path_template") or _UNMATCHED)


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for each, value in scope["headers"] if each == name), b"")


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _HEADER and _REQUEST_ID.match(value):
            return value.decode("ascii")
    return uuid.uuid4().hex
