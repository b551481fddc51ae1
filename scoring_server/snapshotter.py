"""Has snapshots made while the server serves, by a process of its own.

Folding events in this process would take turns with the calls that are answered here.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import structlog

from scoring_server.config import ScoringConfig
from scoring_server.engine.snapshotting import take_snapshot
from scoring_server.journal.reader import JournalReader
from scoring_server.journal.writer_lock import WriterLock
from scoring_server.own_command import own_command
from scoring_server.state.shared_table import StateCapacities
from scoring_server.state.snapshots import Snapshots
from scoring_server.telemetry.metrics import Metrics

SNAPSHOT_DIRECTORY = "snapshots"
_STOP_S = 5.0

_log = structlog.get_logger(__name__)


def snapshot_now(config: ScoringConfig, progress: Callable[[int, int], None]) -> int | None:
    """Make a snapshot of an installation, served or not; return its sequence.

    None means that the newest one is up to date.

    Raises:
        ConfigurationError: there is no journal, or another process is making one.
        OSError, sqlite3.Error: the slot cannot be written, or the journal not be read.
    """
    directory = config.data_dir / SNAPSHOT_DIRECTORY
    reader = JournalReader(config.data_dir / "journal")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = WriterLock.acquire(directory)
        try:
            snapshots = Snapshots(directory, StateCapacities(**asdict(config.capacities)))
            made = take_snapshot(reader, snapshots, progress)
        finally:
            lock.release()
    finally:
        reader.close()
    return None if made is None else made.sequence


class Snapshotter:
    """Starts `anomaly snapshot` from time to time.

    Args:
        config: of the server; the process gets the same data directory and capacities.
        last_sequence: gives the newest event of the journal.
        made: called after each snapshot, in the thread that waits for it.
        makes: False when another worker makes the snapshots; `made` is called as often then.

    Attributes:
        sequence: of the newest snapshot made since the start; 0 before the first.
        failures: attempts that made none.
    """

    def __init__(
        self,
        config: ScoringConfig,
        last_sequence: Callable[[], int],
        made: Callable[[], None],
        *,
        makes: bool = True,
    ) -> None:
        self.sequence = 0
        self.failures = 0
        self._interval_s = config.snapshot_interval_s
        self._environ = _environ(config)
        self._last_sequence = last_sequence
        self._made = made
        self._makes = makes
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="snapshotter", daemon=True)

    def observe(self, metrics: Metrics) -> None:
        """Add its gauges."""
        metrics.gauge(
            "anomaly_snapshot_sequence",
            "Newest event of the newest snapshot made since the start; 0 before the first.",
            lambda: self.sequence,
        )
        metrics.gauge(
            "anomaly_snapshot_failures",
            "Attempts since the start that made no snapshot.",
            lambda: self.failures,
        )

    def start(self) -> None:
        """Start the thread that waits for the time; an interval of 0 starts none."""
        if self._interval_s:
            self._thread.start()

    def stop(self) -> None:
        """End it, and a snapshot that is being made: its slot will be made anew."""
        with self._lock:
            self._stop.set()
            if self._child is not None:
                self._child.terminate()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            if not self._makes:
                self._made()
            elif self._last_sequence() > self.sequence:
                self._make()

    def _make(self) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            self._child = subprocess.Popen(  # noqa: S603 - our own command
                own_command("snapshot", "--json"),
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        output, errors = self._child.communicate()
        with self._lock:
            code, self._child = self._child.returncode, None
        if code == 0:
            self.sequence = json.loads(output)["sequence"]
            _log.info("snapshot_made", sequence=self.sequence)
            self._made()
        elif not self._stop.is_set():
            self.failures += 1
            _log.error("snapshot_failed", exit_code=code, error=_why(code, errors))


def _why(code: int, errors: bytes) -> str:
    if code == -signal.SIGBUS:
        return "the disk is full; the snapshot before is as good as it was"
    said = errors.decode(errors="replace").strip().splitlines()
    return said[-1] if said else ""


def _environ(config: ScoringConfig) -> Mapping[str, str]:
    capacities = {
        f"STATE_CAPACITY_{name.upper()}": str(count)
        for name, count in asdict(config.capacities).items()
    }
    return os.environ | capacities | {"DATA_DIR": str(Path(config.data_dir).absolute())}
