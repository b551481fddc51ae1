"""Find the servers of this machine, and ask them how they are."""

import http.client
from collections.abc import Mapping
from pathlib import Path

import grpc

from scoring_server.rpc.client import ScoringClient
from scoring_server.rpc.client_tls import client_tls
from scoring_server.runtime_file import read_runtime_file

_GRPC_PORT = 50051
_REST_PORT = 8000
_OK = 200
# What listens on every address is asked on this one.
_LOOPBACK = "127.0.0.1"
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


def scoring_address(environ: Mapping[str, str]) -> str:
    """Return where the scoring server of an environment is asked: host:port."""
    runtime = read_runtime_file(_data_dir(environ) / "scoring_server.json")
    port = runtime.ports["grpc_port"] if runtime else int(environ.get("GRPC_PORT") or _GRPC_PORT)
    return f"{_host(environ, 'GRPC_HOST')}:{port}"


def gateway_address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Return where the gateway of an environment is asked: host and port."""
    runtime = read_runtime_file(_data_dir(environ) / "gateway.json")
    port = runtime.ports["port"] if runtime else int(environ.get("PORT") or _REST_PORT)
    return _host(environ, "HOST"), port


def unhealthy(environ: Mapping[str, str], server: str, seconds_max: float) -> str:
    """Return what is wrong with a server of this machine; empty when it does its work."""
    if server == "scoring":
        target = scoring_address(environ)
        status = scoring_health(environ, target, seconds_max)
        return "" if status == "SERVING" else f"{target}: {status}"
    host, port = gateway_address(environ)
    code, answer = gateway_readiness(host, port, seconds_max)
    return "" if code == _OK else f"{host}:{port}: {code or ''} {answer}"


def _data_dir(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DATA_DIR") or "data")


def _host(environ: Mapping[str, str], variable: str) -> str:
    host = environ.get(variable) or ""
    return _LOOPBACK if host in _EVERYWHERE else host


def scoring_health(environ: Mapping[str, str], target: str, seconds_max: float) -> str:
    """Return the health status of a scoring server, or why there is none."""
    with ScoringClient(target, tls=client_tls(environ)) as client:
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
