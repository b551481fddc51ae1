"""Gateway, commands and health checks reach a scoring server with TLS, certificates and tokens."""

import hashlib
import json
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.certificates import Authority
from tests.support.product import ROOT, command, environment, running, wait_for

PAYMENT = {
    "transaction_id": "tls-1",
    "entity_id": "alice",
    "entity_type": "ACCOUNT",
    "source_account": "alice",
    "destination_account": "bob",
    "amount": 12.5,
    "currency": "EUR",
    "timestamp": "2026-02-09T14:32:18Z",
}


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def secured(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a server with everything turned on is set to, and a client of it."""
    authority = Authority("authority")
    ca = str(authority.write(folder / "ca.pem"))
    cert, key = map(str, authority.issue(folder, "scoring"))
    client_cert, client_key = map(str, authority.issue(folder, "gateway"))
    token = folder / "token"
    token.write_text("secret of the gateway\n")
    hashed = hashlib.sha256(b"secret of the gateway").hexdigest()
    clients = folder / "clients.toml"
    clients.write_text(
        f'[gateway]\ntokens_sha256 = ["{hashed}"]\n'
        'permissions = ["score", "label", "feed", "admin"]\n'
    )
    server = {
        "TLS_CERT": cert, "TLS_KEY": key, "TLS_CLIENT_CA": ca, "GRPC_CLIENTS": str(clients),
    }  # fmt: skip
    client = {
        "SCORING_TLS_CA": ca,
        "SCORING_TLS_CERT": client_cert,
        "SCORING_TLS_KEY": client_key,
        "SCORING_TLS_NAME": "scoring",
        "SCORING_TOKEN_FILE": str(token),
    }
    return server, client


def test_everything_of_ours_gets_through(tmp_path: Path) -> None:
    server, client = secured(tmp_path)
    environ = environment(tmp_path / "scoring", **server)
    with running(tmp_path, environ, "serve") as scoring:
        port = scoring.runtime("scoring_server.json")["grpc_port"]
        reaching = {"SCORING_TARGET": f"127.0.0.1:{port}", **client}
        with running(tmp_path, environment(tmp_path / "gateway", **reaching), "gateway") as gateway:
            url = f"http://127.0.0.1:{gateway.runtime('gateway.json')['port']}"
            ready = f"{url}/health/ready"
            wait_for("readiness", lambda: httpx.get(ready).status_code == 200)
            answer = httpx.post(f"{url}/api/detection/evaluate", json=PAYMENT)
            assert answer.is_success, answer.text
            assert httpx.get(f"{url}/api/models").is_success

            def followed() -> bool:
                return "gateway_feed_sequence 1.0" in httpx.get(f"{url}/metrics").text

            wait_for("feed", followed)
        # The health check of its own container, without and with what a client needs.
        assert run(environ, "health", "scoring").returncode == 1
        assert run(environ | client, "health", "scoring").returncode == 0
        told = run(environ | client, "doctor", "--json")
        checks = {each["name"]: each for each in json.loads(told.stdout)["checks"]}
        assert checks["scoring server"]["status"] == "ok"
        assert checks["certificate"]["status"] == "ok"
        assert run(environ | reaching, "model", "slots").returncode == 0
        assert run(environ | reaching, "model", "rollback").returncode == 1
        without = {name: value for name, value in reaching.items() if "TOKEN" not in name}
        refused = run(environ | without, "model", "slots")
        assert refused.returncode == 1
        assert "authorization must be Bearer" in refused.stderr


@pytest.mark.parametrize(("days", "status"), [(30, "ok"), (3, "warn"), (-0.5, "fail")])
def test_doctor_tells_how_long_the_certificate_is_good(
    tmp_path: Path, days: float, status: str
) -> None:
    cert, key = Authority("authority").issue(tmp_path, "scoring", days)
    environ = environment(tmp_path / "data", TLS_CERT=str(cert), TLS_KEY=str(key))
    told = run(environ, "doctor", "--json")
    checks = {each["name"]: each for each in json.loads(told.stdout)["checks"]}
    assert checks["certificate"]["status"] == status
    assert "good until" in checks["certificate"]["detail"]
