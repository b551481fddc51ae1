"""The product as a user starts it: real processes on ports that the system hands out."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "scoring_server.cli", *arguments]


def environment(data_dir: Path, **extra: str) -> dict[str, str]:
    """Return an environment with free ports and nothing of the caller's configuration."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "DATA_DIR": str(data_dir),
        "GRPC_PORT": "0",
        "METRICS_PORT": "0",
        "PORT": "0",
        "RATE_LIMIT_REQUESTS": "0",
        # The tables of a test need no room for a million accounts.
        "STATE_CAPACITY_ACCOUNTS": "20000",
        "STATE_CAPACITY_MERCHANTS": "20000",
        "STATE_CAPACITY_DEVICES": "20000",
        "STATE_CAPACITY_REPLAY_IDS": "200000",
        **extra,
    }


def wait_for(what: str, look: Callable[[], Any], seconds_max: float = START_SECONDS_MAX) -> Any:
    """Return the first true value of `look`; other processes have no event to await."""
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{what} did not come within {seconds_max:.0f} s")


@dataclass
class Program:
    """One of our commands as a running process, its output in a file."""

    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command(*self.arguments),
                cwd=ROOT,
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def runtime(self, name: str) -> dict[str, int]:
        """Wait for the runtime file that it or a child of it writes, and return its content."""
        path = Path(self.environ["DATA_DIR"]) / name

        def look() -> dict[str, int] | None:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.arguments} ended:\n{self.output()}")
            return json.loads(path.read_text()) if path.exists() else None

        found: dict[str, int] = wait_for(name, look)
        return found

    def family(self) -> list[psutil.Process]:
        try:
            top = psutil.Process(self.process.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS_MAX)

    def kill(self) -> None:
        """End it and all its children at once."""
        for each in reversed(self.family()):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait(STOP_SECONDS_MAX)


@contextlib.contextmanager
def running(log_dir: Path, environ: Mapping[str, str], *arguments: str) -> Iterator[Program]:
    program = Program(arguments, environ, log_dir / f"{arguments[0]}.log")
    try:
        yield program
    finally:
        program.kill()


@dataclass(frozen=True)
class Product:
    """Both servers, ready.

    Attributes:
        program: the `anomaly up` process.
        target: the scoring server, host:port.
        url: the gateway.
    """

    program: Program
    target: str
    url: str


@contextlib.contextmanager
def product(tmp_path: Path, **extra: str) -> Iterator[Product]:
    """Run `anomaly up` on a new data directory until the block ends."""
    environ = environment(tmp_path / "data", **extra)
    with running(tmp_path, environ, "up") as program:
        wait_for("readiness", lambda: "Ready after" in program.output() or _ended(program))
        grpc_port = program.runtime("scoring_server.json")["grpc_port"]
        port = program.runtime("gateway.json")["port"]
        yield Product(program, f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{port}")


def _ended(program: Program) -> bool:
    if program.process.poll() is not None:
        raise AssertionError(f"{program.arguments} ended:\n{program.output()}")
    return False


def run(environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
