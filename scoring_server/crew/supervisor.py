"""Runs several workers on one port and one state: starts them, replaces the dead, stops all.

Answers no calls itself. A worker that died is undone in microseconds, so the others never wait for
its locks; its replacement then finishes what the dead one had in hand.
"""

import os
import signal
import threading
from contextlib import ExitStack

import structlog
from prometheus_client import CollectorRegistry

from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.config import ScoringConfig
from scoring_server.crew.crew_metrics import CrewCollector
from scoring_server.crew.port import reserve_port
from scoring_server.crew.worker_process import WorkerProcess
from scoring_server.errors import ConfigurationError
from scoring_server.runtime_file import RUNTIME_FILE, write_runtime_file
from scoring_server.state.dead_worker import release_dead
from scoring_server.state.shared_table import State
from scoring_server.storage import prepare_shared
from scoring_server.telemetry.log import configure_logging
from scoring_server.telemetry.metrics import open_metrics_server

_log = structlog.get_logger(__name__)

# Beyond the time that calls in flight may take: for the journal's last sync and the rest.
_STOP_S = 5.0
# How soon a stop is noticed while the workers start.
_LOOK_S = 0.1


def supervise(config: ScoringConfig) -> int:
    """Serve with several workers until SIGTERM or SIGINT; return the process's exit code.

    Raises:
        ConfigurationError: it cannot start as configured.
    """
    configure_logging(config.log_level, config.log_format)
    stop = threading.Event()

    def request_stop(_number: int, _frame: object) -> None:
        stop.set()

    previous = {
        number: signal.signal(number, request_stop) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with ExitStack() as opened:
            _run(config, opened, stop)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


def _run(config: ScoringConfig, opened: ExitStack, stop: threading.Event) -> None:
    began_ns = monotonic_ns()
    state = prepare_shared(config, opened)
    port = reserve_port(config.grpc_host, config.grpc_port)
    opened.callback(port.close)
    grpc_port: int = port.getsockname()[1]
    environ = os.environ | {
        "GRPC_PORT": str(grpc_port),
        # Their metrics are shown by this process.
        "METRICS_HOST": "127.0.0.1",
        "METRICS_PORT": "0",
    }

    def ended(worker: int) -> None:
        release_dead(state, worker)

    workers = [
        WorkerProcess(index, config.data_dir, environ, ended)
        for index in range(config.scoring_workers)
    ]
    registry = CollectorRegistry()
    registry.register(CrewCollector(workers))
    metrics_server = open_metrics_server(registry, config.metrics_host, config.metrics_port)
    opened.callback(metrics_server.close)
    opened.callback(_stop_all, config, state, workers)
    for worker in workers:
        worker.start()
    for worker in workers:
        while not worker.wait_begun(_LOOK_S):
            if stop.is_set():
                return
    if any(worker.failed for worker in workers):
        raise ConfigurationError("a worker could not start; what it said is above")
    runtime_file = config.data_dir / RUNTIME_FILE
    ports = {"grpc_port": grpc_port, "metrics_port": metrics_server.port}
    write_runtime_file(runtime_file, ports)
    opened.callback(runtime_file.unlink, missing_ok=True)
    _log.info(
        "serving",
        grpc=f"{config.grpc_host}:{grpc_port}",
        metrics=f"{config.metrics_host}:{metrics_server.port}",
        workers=len(workers),
        start_s=round((monotonic_ns() - began_ns) / NS_PER_S, 2),
    )
    stop.wait()
    _log.info("stopping", drain_s=config.limits.drain_s)


def _stop_all(config: ScoringConfig, state: State, workers: list[WorkerProcess]) -> None:
    for worker in workers:
        worker.request_stop()
    for worker in workers:
        worker.join(config.limits.drain_s + _STOP_S)
    # Otherwise the next start rebuilds the state from the journals.
    if all(worker.was_clean for worker in workers) and not state.workers["pending_from"].any():
        state.mark_clean()
    _log.info("stopped")
