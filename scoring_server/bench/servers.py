"""The two servers of a comparison, each a process of its own on the same core."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from scoring_server import clock
from scoring_server.errors import UnavailableError
from scoring_server.own_command import own_command
from scoring_server.runtime_file import read_runtime_file

START_SECONDS_MAX: Final = 180.0
STOP_SECONDS_MAX: Final = 20.0
POLL_SECONDS: Final = 0.05
HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Cores:
    """Which processor cores the two sides run on; None where the machine has only one.

    Attributes:
        server: cores of whichever server is measured.
        client: cores of the program that measures.
    """

    server: frozenset[int] | None
    client: frozenset[int] | None


def choose_cores() -> Cores:
    """Give the server the first core and the client the next one."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) == 1:
        return Cores(None, None)
    return Cores(frozenset(available[:1]), frozenset(available[1:2]))


@contextlib.contextmanager
def on_cores(cores: frozenset[int] | None) -> Iterator[None]:
    """Run this thread, and what it starts meanwhile, on some cores only."""
    before = os.sched_getaffinity(0)
    if cores is not None:
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        address: host and port.
        pid: of its process.
    """

    address: tuple[str, int]
    pid: int

    def cpu_s(self) -> float:
        """Return the seconds of processor time that it has taken."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def echo_server(cores: Cores) -> Iterator[Server]:
    """Run the echo server."""
    with (
        on_cores(cores.server),
        subprocess.Popen(
            [sys.executable, "-m", "scoring_server.bench.echo_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        port = process.stdout.readline().strip()
        if not port:
            raise UnavailableError("the echo server did not start")
        with on_cores(cores.client):
            yield Server((HOST, int(port)), process.pid)
        process.stdin.close()
        process.wait(STOP_SECONDS_MAX)


@contextlib.contextmanager
def scoring_server(cores: Cores, *, with_model: bool = True) -> Iterator[Server]:
    """Run the real server on a new data directory."""
    with tempfile.TemporaryDirectory(prefix="anomaly-bench-") as folder:
        environ = {
            **os.environ,
            "DATA_DIR": folder,
            "GRPC_HOST": HOST,
            "GRPC_PORT": "0",
            "METRICS_PORT": "0",
            # Without a model the server says so in a warning, which is meant here.
            "LOG_LEVEL": "WARNING" if with_model else "ERROR",
        }
        if not with_model:
            environ["MODEL_DIR"] = str(Path(folder) / "no-models")
        with (
            on_cores(cores.server),
            subprocess.Popen(  # noqa: S603 - our own command
                own_command("serve"),
                env=environ,
            ) as process,
        ):
            try:
                port = _wait_until_ready(process, Path(folder) / "scoring_server.json")
                with on_cores(cores.client):
                    yield Server((HOST, port), process.pid)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(STOP_SECONDS_MAX)


def _wait_until_ready(process: subprocess.Popen[bytes], path: Path) -> int:
    deadline_ns = clock.monotonic_ns() + int(START_SECONDS_MAX * clock.NS_PER_S)
    while clock.monotonic_ns() < deadline_ns:
        found = read_runtime_file(path)
        if found is not None:
            return found.ports["grpc_port"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise UnavailableError(f"the server ended with {process.wait(POLL_SECONDS)}")
    raise UnavailableError(f"the server was not ready within {START_SECONDS_MAX:.0f} s")
