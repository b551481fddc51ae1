"""Everything that runs: both servers, the database, a network that can be cut, a small disk."""

import contextlib
import json
import socket
import subprocess
from pathlib import Path

import psutil

from scoring_server.journal.reader import JournalReader
from scoring_server.runtime_file import RUNTIME_FILE, read_runtime_file, worker_runtime_file
from scoring_server.state.shared_table import StateCapacities
from tests.chaos.clock import Clock
from tests.chaos.database import Database
from tests.chaos.load import Load
from tests.chaos.proxy import Proxy
from tests.support.product import Program, environment, run, wait_for

CAPACITIES = StateCapacities(1_024, 1_024, 1_024, 1_024, 1_024, 200_000)
GATEWAY_FILE = "gateway.json"


class Installation:
    """Starts all of it and the load on it; `close` ends it.

    Args:
        folder: for logs and the gateway's files.
        disk: for the scoring server's files; may be filled.
        seed: of what the load sends.
        workers: of the scoring server.
    """

    def __init__(self, folder: Path, disk: Path, seed: int, workers: int = 1) -> None:
        self.folder, self.disk, self.workers = folder, disk, workers
        self.data_dir = disk / "data"
        self._opened = contextlib.ExitStack()
        self.database = Database()
        self._opened.callback(self.database.close)
        self.port = _free_port()
        self.proxy = Proxy(self.port)
        self._opened.callback(self.proxy.close)
        self.clock = Clock(folder / "clock")
        capacities = {
            f"STATE_CAPACITY_{name.upper()}": str(getattr(CAPACITIES, name))
            for name in CAPACITIES.__dataclass_fields__
        }
        self.environ = environment(
            self.data_dir,
            GRPC_PORT=str(self.port),
            SCORING_WORKERS=str(workers),
            MODEL_DIR=str(folder / "no-models"),
            LOG_FORMAT="json",
            SNAPSHOT_INTERVAL_S="0",
            ALERT_THRESHOLD="20",
            JOURNAL_SEGMENT_EVENTS_MAX="2000",
            RECEIPT_CHECKPOINT_EVENTS="100",
            **capacities,
            **self.clock.environ,
        )
        self._gateway_environ = environment(
            folder / "gateway",
            SCORING_TARGET=f"127.0.0.1:{self.proxy.port}",
            DATABASE_URL=self.database.url,
            LOG_FORMAT="json",
            ALERT_THRESHOLD="20",
            **self.clock.environ,
        )
        try:
            self.scoring = self.start_scoring()
            self.gateway = self.start_gateway()
            self.load = Load(self.port, seed)
            self._opened.callback(self.load.close)
        except BaseException:
            self.close()
            raise

    def start_scoring(self) -> Program:
        self.scoring = Program(("serve",), self.environ, self.folder / "serve.log")
        self._opened.callback(self.scoring.kill)
        _wait_until_serving(self.scoring, self.data_dir / RUNTIME_FILE)
        return self.scoring

    def start_gateway(self) -> Program:
        self.gateway = Program(("gateway",), self._gateway_environ, self.folder / "gateway.log")
        self._opened.callback(self.gateway.kill)
        _wait_until_serving(self.gateway, self.folder / "gateway" / GATEWAY_FILE)
        return self.gateway

    def worker_pid(self, worker: int) -> int:
        """Return the process id of a worker that serves, waiting until there is one."""
        path = self.data_dir / worker_runtime_file(worker)

        def look() -> int:
            assert self.scoring.process.poll() is None, self.scoring.output()[-5_000:]
            found = read_runtime_file(path)
            return found.pid if found is not None and psutil.pid_exists(found.pid) else 0

        pid: int = wait_for(path.name, look)
        return pid

    def newest_ingest_time_s(self) -> float:
        """Return by the scoring server's clock when the newest event was taken in."""
        reader = JournalReader(self.data_dir / "journal")
        try:
            (newest,) = reader.read(reader.last_sequence - 1, 1)
        finally:
            reader.close()
        return newest.ingest_time_ns / 1e9

    def snapshot(self) -> subprocess.CompletedProcess[str]:
        return run(self.environ, "snapshot", "--json")

    def close(self) -> None:
        self._opened.close()


def _wait_until_serving(program: Program, runtime_file: Path) -> None:
    def look() -> bool:
        assert program.process.poll() is None, program.output()[-5_000:]
        # The one before may have left its file.
        with contextlib.suppress(OSError, ValueError):
            return json.loads(runtime_file.read_bytes())["pid"] == program.process.pid
        return False

    wait_for(runtime_file.name, look)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
