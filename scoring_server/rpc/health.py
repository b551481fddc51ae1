"""grpc.health.v1 on the transport's own methods.

grpcio's ready-made service is not used: its Watch calls cannot be ended, so that one watching load
balancer would make every drain last as long as it may.
"""

import threading
from collections.abc import Iterable, Iterator

from grpc_health.v1 import health_pb2

from scoring_server.errors import NotFoundError, UnavailableError
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, ServerStreamMethod, UnaryMethod

SERVICE = "grpc.health.v1.Health"

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class Health:
    """The health of a server: NOT_SERVING until it is said to serve.

    Args:
        services: full names; the empty name stands for the server as a whole and is added.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset(("", *services))
        self._changed = threading.Condition()
        self._status = _NOT_SERVING
        self._stopping = False

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        return [
            UnaryMethod(SERVICE, "Check", Pool.ADMIN, self.check),
            ServerStreamMethod(SERVICE, "Watch", Pool.HEALTH_WATCH, self.watch),
        ]

    def serve(self) -> None:
        """Tell everyone who asks or watches that all services serve."""
        with self._changed:
            self._status = _SERVING
            self._changed.notify_all()

    def stop(self) -> None:
        """Tell everyone that nothing serves any more, and end the calls that watch."""
        with self._changed:
            self._status = _NOT_SERVING
            self._stopping = True
            self._changed.notify_all()

    def check(self, request: bytes, _call: Call) -> bytes:
        """Answer with the status of one service."""
        service = parse(health_pb2.HealthCheckRequest, request).service
        if service not in self._services:
            raise NotFoundError(
                "service must be one that this server has, see server reflection",
                reason="SERVICE_UNKNOWN",
            )
        return _response(self._status)

    def watch(self, request: bytes, call: Call) -> Iterator[bytes]:
        """Give the status of one service now and at each change."""
        known = parse(health_pb2.HealthCheckRequest, request).service in self._services
        call.on_end(self._wake)
        sent = None
        while call.is_active():
            status = self._status if known else _SERVICE_UNKNOWN
            if status != sent:
                yield _response(status)
                sent = status
            if self._stopping:
                raise UnavailableError("the server is stopping", reason="STOPPING")
            self._await_change(status, call)

    def _await_change(self, sent: health_pb2.HealthCheckResponse.ServingStatus, call: Call) -> None:
        def changed() -> bool:
            return (
                self._stopping
                or not call.is_active()
                or sent not in (self._status, _SERVICE_UNKNOWN)
            )

        with self._changed:
            self._changed.wait_for(changed)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _response(status: health_pb2.HealthCheckResponse.ServingStatus) -> bytes:
    return bytes(health_pb2.HealthCheckResponse(status=status).SerializeToString())
