"""`anomaly up`: scoring server and gateway as two child processes that live and end together."""

import asyncio
import http.client
import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from scoring_server import clock
from scoring_server.child_process import ChildProcess
from scoring_server.config import load_config
from scoring_server.environment import EnvironmentReader
from scoring_server.errors import ConfigurationError, UnavailableError
from scoring_server.health import gateway_readiness
from scoring_server.own_command import own_command
from scoring_server.runtime_file import (
    RUNTIME_FILE,
    RuntimeFile,
    clear_runtime_file,
    read_runtime_file,
)

# A first start compiles the kernels; chosen by us from a cold start on a small machine.
START_SECONDS_MAX: Final = 180.0
READY_SECONDS_MAX: Final = 30.0
ANSWER_SECONDS_MAX: Final = 5.0
POLL_SECONDS: Final = 0.05
GATEWAY_STOP_SECONDS_MAX: Final = 5.0
SCORING_STOP_SECONDS_MAX: Final = 15.0
LAST_LINES: Final = 20

GATEWAY_FILE: Final = "gateway.json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that will be listened on, and the environment variable that moves it."""

    host: str
    port: int
    variable: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be started.

    Attributes:
        environ: environment of both children.
        data_dir: where the children say that they are ready.
        grpc: where the scoring server will listen; port 0 lets the system choose.
        metrics: where its metrics will be.
        rest: where the gateway will listen.
    """

    environ: Mapping[str, str]
    data_dir: Path
    grpc: Endpoint
    metrics: Endpoint
    rest: Endpoint


@dataclass(frozen=True, slots=True)
class Running:
    """Where the two servers answer, as host:port.

    Attributes:
        grpc: the scoring server.
        metrics: its Prometheus metrics.
        rest: the gateway.
        data_dir: where they keep their data.
        start_seconds: how long it took until both were ready.
    """

    grpc: str
    metrics: str
    rest: str
    data_dir: Path
    start_seconds: float


async def run(plan: Plan) -> int:
    """Start both servers, tell when they are ready, and stop both when asked to or when one ends.

    Returns:
        0 after SIGINT or SIGTERM, 1 when a server could not be started or ended by itself.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    children: list[ChildProcess] = []
    stop_task = asyncio.create_task(stop.wait())
    try:
        start_task = asyncio.create_task(_start(plan, children))
        await asyncio.wait({start_task, stop_task}, return_when=asyncio.FIRST_COMPLETED)
        if not start_task.done():
            start_task.cancel()
            await asyncio.wait({start_task})
            return 0
        click.echo(_summary(start_task.result()))
        ends = {asyncio.create_task(child.wait()): child for child in children}
        done, _ = await asyncio.wait({*ends, stop_task}, return_when=asyncio.FIRST_COMPLETED)
        ended = [ends[task] for task in done if task in ends]
        if not ended:
            click.echo("Stopping ...")
            return 0
        click.echo("\n".join(child.obituary() for child in ended), err=True)
    except UnavailableError as error:
        click.echo(f"Error: {error.message}", err=True)
    finally:
        stop.clear()
        await _stop(children, asyncio.create_task(stop.wait()))
        stop_task.cancel()
    return 1


async def _start(plan: Plan, children: list[ChildProcess]) -> Running:
    began_ns = clock.monotonic_ns()
    click.echo("Starting scoring server and gateway ...")
    scoring = await _child(plan, "scoring", "serve", {}, children)
    scoring_file = await _ready_file(plan.data_dir / RUNTIME_FILE, scoring)
    grpc = f"{_reachable(plan.grpc.host)}:{scoring_file.ports['grpc_port']}"
    gateway = await _child(plan, "gateway", "gateway", {"SCORING_TARGET": grpc}, children)
    gateway_file = await _ready_file(plan.data_dir / GATEWAY_FILE, gateway)
    port = gateway_file.ports["port"]
    await _usable(_reachable(plan.rest.host), port, gateway)
    return Running(
        grpc=grpc,
        metrics=f"{_reachable(plan.metrics.host)}:{scoring_file.ports['metrics_port']}",
        rest=f"{_reachable(plan.rest.host)}:{port}",
        data_dir=plan.data_dir,
        start_seconds=(clock.monotonic_ns() - began_ns) / clock.NS_PER_S,
    )


async def _child(
    plan: Plan,
    name: str,
    command: str,
    extra_environ: Mapping[str, str],
    children: list[ChildProcess],
) -> ChildProcess:
    environ = {**plan.environ, **extra_environ, "PYTHONUNBUFFERED": "1"}
    child = await ChildProcess.start(name, own_command(command), environ, LAST_LINES)
    children.append(child)
    return child


async def _ready_file(path: Path, child: ChildProcess) -> RuntimeFile:
    """Wait for the file that a server writes when it serves."""
    deadline_ns = clock.monotonic_ns() + int(START_SECONDS_MAX * clock.NS_PER_S)
    while clock.monotonic_ns() < deadline_ns:
        if (found := read_runtime_file(path)) is not None:
            return found
        # A file has no event that every file system delivers; the child's end has one.
        if await child.ended_within(POLL_SECONDS):
            raise UnavailableError(child.obituary())
    raise UnavailableError(
        f"{child.name} was not ready within {START_SECONDS_MAX:.0f} s.\n{child.last_lines()}"
    )


async def _usable(host: str, port: int, gateway: ChildProcess) -> None:
    """Wait until the gateway says that everything behind it can be used."""
    deadline_ns = clock.monotonic_ns() + int(READY_SECONDS_MAX * clock.NS_PER_S)
    answer = ""
    while clock.monotonic_ns() < deadline_ns:
        status, answer = await asyncio.to_thread(gateway_readiness, host, port, ANSWER_SECONDS_MAX)
        if status == http.HTTPStatus.OK:
            return
        if await gateway.ended_within(POLL_SECONDS):
            raise UnavailableError(gateway.obituary())
    click.echo(f"Warning: the gateway is up, but not everything is ready: {answer}", err=True)


async def _stop(children: Sequence[ChildProcess], hurry: asyncio.Task[bool]) -> None:
    """Stop the gateway first: it is the scoring server's client. A second signal kills."""
    for child in reversed(children):
        limit = GATEWAY_STOP_SECONDS_MAX if child.name == "gateway" else SCORING_STOP_SECONDS_MAX
        stopping = asyncio.create_task(child.stop(limit))
        await asyncio.wait({stopping, hurry}, return_when=asyncio.FIRST_COMPLETED)
        if hurry.done():
            child.kill()
        await stopping
    hurry.cancel()


def _reachable(host: str) -> str:
    """Return an address that a client on this machine can use for a listening address."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only


def check_data_dir(data_dir: Path) -> None:
    """Make the data directory ready for a start.

    Raises:
        ConfigurationError: it cannot be made, or servers already run on it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"DATA_DIR must be a directory to write to: {error}") from error
    for name in (RUNTIME_FILE, GATEWAY_FILE):
        owner = clear_runtime_file(data_dir / name)
        if owner is not None:
            raise ConfigurationError(
                f"process {owner} already serves on the data directory {data_dir.resolve()}: "
                "stop it first, or set DATA_DIR to another directory"
            )


def _summary(running: Running) -> str:
    rest = f"http://{running.rest}"
    rows = (
        ("scoring server (gRPC)", running.grpc),
        ("scoring metrics", f"http://{running.metrics}/metrics"),
        ("gateway (REST)", rest),
        ("REST documentation", f"{rest}/docs"),
        ("data", str(running.data_dir.resolve())),
    )
    target = "" if running.grpc == "127.0.0.1:50051" else f" --target {running.grpc}"
    commands = (
        f"anomaly score --account alice --terminal t1 --amount 12.50 --currency EUR{target}",
        f"curl {rest}/api/alerts",
        "anomaly doctor",
    )
    lines = [
        f"Ready after {running.start_seconds:.1f} s. Ctrl-C stops both.",
        "",
        *(f"{label:<22} {value}" for label, value in rows),
        "",
        "Try next, in another terminal (commands are in .venv/bin):",
        *(f"  {command}" for command in commands),
    ]
    width = max(map(len, lines))
    frame = "─" * (width + 2)
    return "\n".join([f"┌{frame}┐", *(f"│ {line:<{width}} │" for line in lines), f"└{frame}┘"])


def plan(environ: Mapping[str, str]) -> Plan:
    """Return what `environ` asks for, once it is sure that it can be started.

    Raises:
        ConfigurationError: a variable is wrong, a port is taken, or servers already run on the
            data directory.
    """
    config = load_config(environ)
    read = EnvironmentReader(environ)
    made = Plan(
        environ=environ,
        data_dir=config.data_dir,
        grpc=Endpoint(config.grpc_host, config.grpc_port, "GRPC_PORT"),
        metrics=Endpoint(config.metrics_host, config.metrics_port, "METRICS_PORT"),
        rest=Endpoint(
            read.text("HOST", "127.0.0.1"), read.integer("PORT", 8000, 0, 65_535), "PORT"
        ),
    )
    read.raise_faults()
    check_data_dir(made.data_dir)
    for endpoint in (made.grpc, made.metrics, made.rest):
        check_port(endpoint)
    return made


def check_port(endpoint: Endpoint) -> None:
    """Make sure that an address can be listened on.

    Raises:
        ConfigurationError: it cannot; the message names the variable to change.
    """
    try:
        family = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # Without this a port whose connections have just been closed would count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((endpoint.host, endpoint.port))
            probe.listen(1)
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {endpoint.host}:{endpoint.port}: {error.strerror}. "
            f"Set {endpoint.variable} to a free port ({endpoint.variable}=0 takes any)"
        ) from error
