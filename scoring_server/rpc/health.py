"""grpc.health.v1 by grpcio's own service, and a switch for all our services at once."""

from collections.abc import Iterable

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


class Health:
    """The health of a server: NOT_SERVING until it is said to serve.

    Args:
        services: full names; the empty name stands for the server as a whole and is added.
    """

    def __init__(self, services: Iterable[str]) -> None:
        # Watch holds no thread while it waits.
        self._servicer = health.HealthServicer(experimental_non_blocking=True)
        self._services = ("", *services)
        self.set_serving(serving=False)

    def extend(self, server: grpc.Server) -> None:
        """Add the service to a stock server."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    def set_serving(self, *, serving: bool) -> None:
        """Tell everyone who asks or watches."""
        status = (
            health_pb2.HealthCheckResponse.SERVING
            if serving
            else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for service in self._services:
            self._servicer.set(service, status)
