"""One worker's process: started, watched, and replaced when it ends by itself."""

import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from scoring_server.own_command import own_command
from scoring_server.runtime_file import read_runtime_file, worker_runtime_file

_log = structlog.get_logger(__name__)

# A file has no event that every file system delivers.
_LOOK_S = 0.02
# A worker that cannot start is tried again after this, then after twice that, and so on.
_PAUSE_S = 0.5
_PAUSE_S_MAX = 30.0


class WorkerProcess:
    """Keeps one worker running, in a thread of its own.

    That thread starts the processes: the system tells them of its end, not of the supervisor's.

    Args:
        index: of the worker.
        data_dir: where it says that it serves.
        environ: of its process.
        ended: called when a process has ended, before another is started.

    Attributes:
        restarts: how often it was replaced.
        was_clean: whether its last process ended as it was asked to.
    """

    def __init__(
        self,
        index: int,
        data_dir: Path,
        environ: Mapping[str, str],
        ended: Callable[[int], None],
    ) -> None:
        self.index = index
        self.restarts = 0
        self.was_clean = False
        self._file = data_dir / worker_runtime_file(index)
        self._environ = environ
        self._ended = ended
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ports: dict[str, int] = {}
        self._begun = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"worker-{index}", daemon=True)

    @property
    def metrics_port(self) -> int:
        """Where its metrics are; 0 while it does not serve."""
        return self._ports.get("metrics_port", 0)

    def start(self) -> None:
        """Start the first process."""
        self._thread.start()

    @property
    def failed(self) -> bool:
        """Whether the first process ended before it served."""
        return self._begun.is_set() and not self._ports

    def wait_begun(self, timeout_s: float) -> bool:
        """Wait until the first process serves or has ended."""
        return self._begun.wait(timeout_s)

    def request_stop(self) -> None:
        """Ask the process to finish its calls and end; no other is started."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()

    def join(self, timeout_s: float) -> None:
        """Wait for the end that was requested; kill it when it takes too long."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _log.error("worker_killed", worker=self.index, waited_s=timeout_s)
            with self._lock:
                if self._process is not None:
                    self._process.kill()
            self._thread.join()

    def _run(self) -> None:
        pause_s = _PAUSE_S
        while not self._stopping.is_set():
            code, served = self._run_once()
            self._ended(self.index)
            if self._stopping.is_set():
                self.was_clean = code == 0
                return
            first = not self._begun.is_set()
            if first:
                self._begun.set()
                return
            self.restarts += 1
            _log.error("worker_ended", worker=self.index, exit_code=code, restarts=self.restarts)
            pause_s = _PAUSE_S if served else min(2 * pause_s, _PAUSE_S_MAX)
            if not served:
                self._stopping.wait(pause_s)

    def _run_once(self) -> tuple[int, bool]:
        """Run one process to its end; return its exit code and whether it served."""
        self._file.unlink(missing_ok=True)
        with self._lock:
            if self._stopping.is_set():
                return 0, False
            process = self._process = subprocess.Popen(  # noqa: S603 - our own command
                own_command("serve", "--worker", str(self.index)),
                env=self._environ,
                stdin=subprocess.DEVNULL,
                # Ctrl-C reaches only the supervisor.
                start_new_session=True,
            )
        while process.poll() is None:
            found = read_runtime_file(self._file)
            if found is not None and found.pid == process.pid:
                self._ports = found.ports
                self._begun.set()
                break
            _wait(process)
        code = process.wait()
        served = bool(self._ports)
        self._ports = {}
        with self._lock:
            self._process = None
        return code, served


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Wait a moment, not longer than the process runs."""
    try:
        process.wait(_LOOK_S)
    except subprocess.TimeoutExpired:
        return
