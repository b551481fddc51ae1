"""Ask running servers how they are."""

import http.client

import grpc

from scoring_server.rpc.client import ScoringClient


def scoring_health(target: str, seconds_max: float) -> str:
    """Return the health status of a scoring server, or why there is none."""
    with ScoringClient(target) as client:
        try:
            return client.health(timeout_s=seconds_max)
        except grpc.RpcError as error:
            return str(error)


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
