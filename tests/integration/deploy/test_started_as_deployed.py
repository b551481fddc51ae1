"""What compose, Kubernetes and systemd would start is started here, as their files say it.

Only what a test must change is changed: addresses, ports, folders, and where the database is.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scoring_server.rpc.client import ScoringClient
from tests.support.deployments import MANNERS, ROOT_OF_MODELS, Start, container
from tests.support.gateway_process import ANOMALY
from tests.support.postgresql import fresh_database
from tests.support.product import Program, command, environment, wait_for

ROOT = Path(__file__).parents[3]


def changed(start: Start, data_dir: Path, **changes: str) -> dict[str, str]:
    """Return the environment for this machine."""
    environ = dict(start.environ)
    assert environ["ENVIRONMENT"] == "production"
    assert environ["DATA_DIR"].startswith("/var/lib/anomaly")
    if "MODEL_DIR" in environ:
        assert environ["MODEL_DIR"] == ROOT_OF_MODELS
        environ["MODEL_DIR"] = str(ROOT / "models")
    for name in ("GRPC_HOST", "METRICS_HOST", "HOST"):
        if name in environ:
            environ[name] = "127.0.0.1"
    # Kernels that were compiled for other tests.
    environ.pop("ANOMALY_CACHE_DIR", None)
    return environment(data_dir, **environ) | {"DATA_DIR": str(data_dir)} | changes


@contextlib.contextmanager
def started(start: Start, environ: dict[str, str], folder: Path) -> Iterator[Program]:
    name, *arguments = start.command
    assert name == "anomaly"
    program = Program(tuple(arguments), environ, folder / f"{arguments[0]}.log")
    try:
        yield program
    finally:
        program.kill()


def health(server: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("health", server),
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("manner", MANNERS)
def test_both_servers_start_work_and_are_healthy(
    manner: str, tmp_path: Path, postgresql: str
) -> None:
    scoring_start, gateway_start = (MANNERS[manner](name) for name in ("scoring", "gateway"))
    with contextlib.ExitStack() as stack:
        scoring_environ = changed(scoring_start, tmp_path / "scoring")
        scoring = stack.enter_context(started(scoring_start, scoring_environ, tmp_path))
        target = f"127.0.0.1:{scoring.runtime('scoring_server.json')['grpc_port']}"
        database = stack.enter_context(fresh_database(postgresql, migrated=False))
        # The name of a service, or the default; neither is there on this machine.
        assert gateway_start.environ["SCORING_TARGET"].endswith(":50051")
        gateway_environ = changed(
            gateway_start,
            tmp_path / "gateway",
            SCORING_TARGET=target,
            DATABASE_URL=database,
        )
        gateway = stack.enter_context(started(gateway_start, gateway_environ, tmp_path))
        port = gateway.runtime("gateway.json")["port"]
        # Each server is asked with its own environment, as inside its container.
        wait_for("health", lambda: health("gateway", gateway_environ).returncode == 0)
        assert health("scoring", scoring_environ).returncode == 0
        service = container("scoring")["readinessProbe"]["grpc"]["service"]
        with ScoringClient(target) as client:
            assert client.health(service) == "SERVING"
        base_url = f"http://127.0.0.1:{port}"
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            path = container("gateway")[probe]["httpGet"]["path"]
            assert httpx.get(base_url + path).status_code == 200
        # Production, so there is a login.
        assert httpx.get(f"{base_url}/api/alerts").status_code == 401
        made = subprocess.run(
            [ANOMALY, "user", "create", "--name", "root", "--role", "admin"],
            env=gateway_environ,
            input="a long pass phrase\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        assert scoring.stop() == 0
        # Without its scoring server the gateway lives, and is not ready.
        assert httpx.get(f"{base_url}/health").status_code == 200
        fault = health("gateway", gateway_environ)
        assert fault.returncode == 1
        assert "503" in fault.stderr
        assert health("scoring", scoring_environ).returncode == 1
        assert gateway.stop() == 0


def test_health_of_what_does_not_run_names_its_address(tmp_path: Path) -> None:
    environ = environment(tmp_path, GRPC_PORT="1", PORT="1")
    for server in ("scoring", "gateway"):
        fault = health(server, environ)
        assert fault.returncode == 1
        assert "127.0.0.1:1" in fault.stderr
