"""Where every request enters, unknown paths included.

Request id, rate limit, log line and figures.
"""

import re
import time
import uuid
from typing import Any

import msgspec
import structlog
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Receive, Scope, Send

from gateway.rest.metrics import Metrics
from gateway.rest.rate_limit import RateLimit
from gateway.rest.schemas.errors import ErrorBody

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._-]{1,64}$")
_HEADER = b"x-request-id"
_UNMATCHED = "unmatched"
_SERVER_ERROR = 500

_log = structlog.get_logger(__name__)


class GatewayApplication(Litestar):
    """The Litestar application with an entry that sees all of its requests.

    Middleware of Litestar runs behind its routing, so it would miss requests to unknown paths.
    """

    def watch(self, metrics: Metrics, rate_limit: RateLimit, exempt: frozenset[str]) -> None:
        """Set what the entry counts and limits; paths in `exempt` are never refused."""
        self._metrics = metrics
        self._rate_limit = rate_limit
        self._exempt = exempt

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started_ns = time.perf_counter_ns()
        status = _SERVER_ERROR

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableScopeHeaders(message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._limited(scope, receive, answer)
        finally:
            self._tell(scope, status, (time.perf_counter_ns() - started_ns) / 1e9)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["path"] not in self._exempt:
            retry_after_s = self._rate_limit.refused_for_s(client[0] if client else "")
            if retry_after_s:
                await _refuse(scope, send, retry_after_s)
                return
        await super().__call__(scope, receive, send)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method = str(scope.get("method", ""))
        route = str(scope.get("path_template") or _UNMATCHED)
        self._metrics.observe(method, route, status, seconds)
        level = _log.debug if status < _SERVER_ERROR else _log.warning
        level(
            "request", method=method, path=scope["path"], status=status, duration_ms=seconds * 1e3
        )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _HEADER and _REQUEST_ID.match(value):
            return value.decode("ascii")
    return uuid.uuid4().hex


async def _refuse(scope: Scope, send: Send, retry_after_s: int) -> None:
    body = ErrorBody(
        "RATE_LIMITED",
        f"too many requests; come back in {retry_after_s} s",
        {"retry_after_s": retry_after_s},
        scope["state"]["request_id"],
    )
    await send(
        {
            "type": "http.response.start",
            "status": 429,
            "headers": [
                (b"content-type", b"application/json"),
                (b"retry-after", str(retry_after_s).encode()),
            ],
        }
    )
    await send(
        {"type": "http.response.body", "body": msgspec.json.encode(body), "more_body": False}
    )
