"""`anomaly doctor`: what the servers need, looked at one thing at a time."""

import json
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import Final, Literal

import click

from scoring_server import clock
from scoring_server.errors import ConfigurationError

Status = Literal["ok", "warn", "fail"]

# What half an hour of traffic may write, and below what a start is refused; chosen by us.
FREE_BYTES_GOOD: Final = 5 << 30
# Two weeks: time to find out why it was not renewed. Chosen by us.
CERTIFICATE_S_GOOD = 14 * 86_400
FREE_BYTES_MIN: Final = 500 << 20
PACKAGES: Final = ("grpc", "numba", "numpy", "onnxruntime", "pyarrow", "litestar", "sqlalchemy")
# Any clock before this release is wrong.
CLOCK_NS_MIN: Final = 1_767_225_600 * clock.NS_PER_S
ANSWER_SECONDS_MAX: Final = 2.0
_MARKS: Final[dict[str, str]] = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
_COLOURS: Final[dict[str, str]] = {"ok": "green", "warn": "yellow", "fail": "red"}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        status: ok, warn (works, with less than everything) or fail.
        detail: what was found.
        advice: what to do; empty when nothing.
    """

    name: str
    status: Status
    detail: str
    advice: str = ""


def run_doctor(
    environ: Mapping[str, str], command_faults: Mapping[str, str], *, machine_readable: bool
) -> int:
    """Print all findings and return 1 when one of them is a failure.

    Args:
        environ: the environment that the servers would get.
        command_faults: entry point -> why its commands did not load.
        machine_readable: print one JSON object.
    """
    checks = list(all_checks(environ, command_faults))
    failed = any(check.status == "fail" for check in checks)
    if machine_readable:
        click.echo(json.dumps({"ok": not failed, "checks": [asdict(check) for check in checks]}))
        return int(failed)
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = click.style(_MARKS[check.status], fg=_COLOURS[check.status])
        click.echo(f"{mark}  {check.name:<{width}}  {check.detail}")
        if check.advice:
            click.echo(f"      {'':<{width}}  -> {check.advice}")
    return int(failed)


def all_checks(environ: Mapping[str, str], command_faults: Mapping[str, str]) -> Iterable[Check]:
    """Look at everything; a check that breaks is a failed check."""
    yield _guard("python", python_check)
    yield _guard("packages", packages_check)
    yield commands_check(command_faults)
    yield _guard("configuration", lambda: configuration_check(environ))
    yield _guard("clock", clock_check)
    data_dir = Path(environ.get("DATA_DIR", "") or "data")
    yield _guard("data directory", lambda: data_dir_check(data_dir))
    yield _guard("kernel cache", kernel_cache_check)
    yield _guard("certificate", lambda: certificate_check(environ))
    yield _guard("model", lambda: model_check(environ))
    yield _guard("scoring server", lambda: scoring_check(environ))
    yield _guard("gateway", lambda: gateway_check(environ))
    yield _guard("database", lambda: database_check(environ, data_dir))


def _guard(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - the doctor survives every illness it looks for
        return Check(name, "fail", f"{type(error).__name__}: {error}")


def python_check() -> Check:
    """Look at the interpreter."""
    found = platform.python_version()
    if found.startswith("3.11."):
        return Check("python", "ok", f"{found} at {sys.executable}")
    return Check("python", "fail", f"{found}", "use Python 3.11 (make setup PYTHON=python3.11)")


def packages_check() -> Check:
    """Import what the servers import."""
    missing = []
    for name in PACKAGES:
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001 - a broken binary wheel raises what it likes
            missing.append(f"{name} ({error})")
    if missing:
        return Check("packages", "fail", "; ".join(missing), "run make setup")
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("grpcio", "numba", "onnxruntime")
    )
    return Check("packages", "ok", versions)


def commands_check(faults: Mapping[str, str]) -> Check:
    """Look at what the command line could not load."""
    if not faults:
        return Check("commands", "ok", "all packages have loaded")
    text = "; ".join(f"{name}: {fault}" for name, fault in sorted(faults.items()))
    return Check("commands", "fail", text, "run make setup; if it stays, this is a defect")


def configuration_check(environ: Mapping[str, str]) -> Check:
    """Read the scoring server's configuration."""
    from scoring_server.config import load_config  # noqa: PLC0415 - the doctor must always start

    try:
        load_config(environ)
    except ConfigurationError as error:
        return Check("configuration", "fail", error.message, "see docs/configuration.md")
    return Check("configuration", "ok", "the scoring server's variables are in order")


def clock_check() -> Check:
    """Look for a clock that has never been set."""
    if clock.wall_time_ns() < CLOCK_NS_MIN:
        return Check("clock", "fail", "the clock is before 2026", "set it, then keep it with NTP")
    return Check("clock", "ok", "plausible")


def data_dir_check(data_dir: Path) -> Check:
    """Write a file where the data goes, and see how much room is left."""
    nearest = data_dir
    while not nearest.exists():
        nearest = nearest.parent
    try:
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"0")
    except OSError as error:
        return Check("data directory", "fail", f"{data_dir}: {error}", "set DATA_DIR")
    free = shutil.disk_usage(nearest).free
    detail = f"{data_dir.resolve()}, {free / 2**30:.1f} GiB free"
    if free < FREE_BYTES_MIN:
        return Check("data directory", "fail", detail, "make room, or set DATA_DIR to another disk")
    if free < FREE_BYTES_GOOD:
        return Check("data directory", "warn", detail, "watch it: the journal grows with traffic")
    return Check("data directory", "ok", detail)


def kernel_cache_check() -> Check:
    """Look at the folder that compiled kernels are kept in."""
    from scoring_server.kernels import cache_directory  # noqa: PLC0415 - imports numba

    folder = cache_directory()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(
            "kernel cache",
            "warn",
            f"{error}: kernels are compiled at every start",
            "set ANOMALY_CACHE_DIR to a folder that can be written",
        )
    count = sum(1 for _ in folder.glob("**/*.nbi"))
    if count == 0:
        return Check("kernel cache", "ok", f"{folder} is empty: the first start compiles")
    return Check("kernel cache", "ok", f"{folder}, {count} kernels")


def model_check(environ: Mapping[str, str]) -> Check:
    """Load the model as the server would."""
    from scoring_server.config import load_config  # noqa: PLC0415 - the doctor must always start
    from scoring_server.inference.model_slots import open_models  # noqa: PLC0415 - onnxruntime

    config = load_config(environ)
    models = open_models(config.model_dir, config.model_name, config.model_version)
    if models.champion is None:
        return Check(
            "model",
            "warn",
            f"{models.fault}: answers would be degraded",
            "set MODEL_DIR, or train one with `anomaly train`",
        )
    identity = models.champion.identity
    return Check("model", "ok", f"{identity.name} {identity.version} loads")


def certificate_check(environ: Mapping[str, str]) -> Check:
    """Look at the certificate that the scoring server shows."""
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415 - must always start

    from scoring_server.config import load_config  # noqa: PLC0415
    from scoring_server.rpc.server_tls import server_credentials  # noqa: PLC0415

    tls = load_config(environ).tls
    if tls is None:
        return Check("certificate", "ok", "no TLS: keep gRPC on a network that you trust")
    server_credentials(tls)
    end = min(
        each.not_valid_after_utc for each in load_pem_x509_certificates(tls.cert.read_bytes())
    )
    left = end.timestamp() - clock.wall_time_ns() / clock.NS_PER_S
    detail = f"{tls.cert} is good until {end:%Y-%m-%d %H:%M} UTC"
    if left <= 0:
        return Check("certificate", "fail", detail, "renew it; the server reads it anew by itself")
    if left < CERTIFICATE_S_GOOD:
        return Check("certificate", "warn", detail, "renew it; the server reads it anew by itself")
    return Check("certificate", "ok", detail)


def scoring_check(environ: Mapping[str, str]) -> Check:
    """Ask the scoring server for its health."""
    from scoring_server.health import scoring_address, scoring_health  # noqa: PLC0415 - grpc

    target = environ.get("SCORING_TARGET") or scoring_address(environ)
    status = scoring_health(environ, target, ANSWER_SECONDS_MAX)
    if status == "SERVING":
        return Check("scoring server", "ok", f"{target} is serving")
    return _not_running("scoring server", target, status)


def gateway_check(environ: Mapping[str, str]) -> Check:
    """Ask the gateway whether everything behind it can be used."""
    from scoring_server.health import gateway_address, gateway_readiness  # noqa: PLC0415

    host, port = gateway_address(environ)
    status, answer = gateway_readiness(host, port, ANSWER_SECONDS_MAX)
    if status == 200:  # noqa: PLR2004 - HTTP OK
        return Check("gateway", "ok", f"http://{host}:{port} is ready")
    if status:
        return Check("gateway", "fail", f"{host}:{port} is not ready: {answer}", "see its log")
    return _not_running("gateway", f"{host}:{port}", answer)


def database_check(environ: Mapping[str, str], data_dir: Path) -> Check:
    """Reach the database: the file, or the server's port."""
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - the doctor must always start

    text = environ.get("DATABASE_URL", "").strip()
    if not text:
        return Check("database", "ok", f"SQLite below {data_dir}")
    url = make_url(text)
    if url.get_backend_name() == "sqlite":
        return Check("database", "ok", f"SQLite at {url.database}")
    host, port = url.host or "127.0.0.1", url.port or 5432
    if "host" in url.query:
        return Check("database", "ok", f"PostgreSQL through the socket in {url.query['host']}")
    try:
        socket.create_connection((host, port), ANSWER_SECONDS_MAX).close()
    except OSError as error:
        return Check("database", "fail", f"{host}:{port}: {error}", "start it, or set DATABASE_URL")
    return Check("database", "ok", f"PostgreSQL answers at {host}:{port}")


def _not_running(name: str, address: str, detail: str) -> Check:
    """Tell a server that is merely not started from a stranger on its port."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), ANSWER_SECONDS_MAX).close()
    except OSError:
        return Check(name, "warn", f"nothing listens on {address}", "start it with `anomaly up`")
    return Check(
        name,
        "fail",
        f"something else answers on {address}: {detail}",
        "stop that program, or choose another port (docs/configuration.md)",
    )
