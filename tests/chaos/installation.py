"""Everything that runs: both servers, the database, a network that can be cut, a small disk."""

import contextlib
import json
import socket
import subprocess
from pathlib import Path

from scoring_server.runtime_file import RUNTIME_FILE
from scoring_server.state.shared_table import StateCapacities
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
    """

    def __init__(self, folder: Path, disk: Path, seed: int) -> None:
        self.folder, self.disk = folder, disk
        self.data_dir = disk / "data"
        self._opened = contextlib.ExitStack()
        self.database = Database()
        self._opened.callback(self.database.close)
        self.port = _free_port()
        self.proxy = Proxy(self.port)
        self._opened.callback(self.proxy.close)
        capacities = {
            f"STATE_CAPACITY_{name.upper()}": str(getattr(CAPACITIES, name))
            for name in CAPACITIES.__dataclass_fields__
        }
        self.environ = environment(
            self.data_dir,
            GRPC_PORT=str(self.port),
            MODEL_DIR=str(folder / "no-models"),
            LOG_FORMAT="json",
            SNAPSHOT_INTERVAL_S="0",
            ALERT_THRESHOLD="20",
            JOURNAL_SEGMENT_EVENTS_MAX="2000",
            RECEIPT_CHECKPOINT_EVENTS="100",
            **capacities,
        )
        self._gateway_environ = environment(
            folder / "gateway",
            SCORING_TARGET=f"127.0.0.1:{self.proxy.port}",
            DATABASE_URL=self.database.url,
            LOG_FORMAT="json",
            ALERT_THRESHOLD="20",
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
