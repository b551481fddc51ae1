"""Ask running servers how they are."""

import http.client

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def scoring_health(target: str, seconds_max: float) -> str:
    """Return the health status of a scoring server, or why there is none."""
    with grpc.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=seconds_max)
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def gateway_readiness(host: str, port: int, seconds_max: float) -> tuple[int, str]:
    """Return status and body of the gateway's readiness; 0 and the reason without an answer."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds_max)
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()
