"""Serving with Granian: one process by default, several when WORKERS asks for them.

One worker is served inside this process, so that killing it leaves nothing behind. Several are
processes of Granian's own, which share the port; one of them at a time follows the feed.
"""

import asyncio
import ctypes
import gc
import http.client
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import structlog
import uvloop
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server as ProcessServer
from granian.server.embed import Server as EmbeddedServer

from gateway.app import build
from gateway.config import GatewayConfig, load_config
from gateway.db.migrate import require_current
from gateway.errors import ConfigurationError
from gateway.log import configure_log
from gateway.rest.entry import GatewayApplication

RUNTIME_FILE = "gateway.json"
_STOP_TIMEOUT_S = 4.0
# Connections of a worker beside live streams, in use or not: whoever holds some open and says
# nothing must not keep the others out. Chosen by us, as is how long he may say nothing.
_CONNECTIONS_MAX = 1_024
_HTTP1 = HTTP1Settings(header_read_timeout=10_000)
_PROBE_TIMEOUT_S = 2.0
_PROBE_PAUSE_S = 0.02
_READY_TIMEOUT_S = 60.0
_OK = 200
# prctl(2): the signal that a process gets when its parent ends.
_PR_SET_PDEATHSIG = 1
# New objects between two looks for garbage. A page of alerts makes some hundred, all freed by
# their reference counts; Python's own 700 would look several times in each. Chosen by us.
_GARBAGE_THRESHOLD = 20_000

_log = structlog.get_logger(__name__)


def serve(config: GatewayConfig) -> None:
    """Serve until SIGTERM or SIGINT.

    DATA_DIR/gateway.json holds pid and port while requests are answered.

    Raises:
        ConfigurationError: the port is taken, or the database has another schema.
    """
    require_current(config.database_url)
    config = replace(config, port=_claimed_port(config.host, config.port))
    runtime_file = config.data_dir / RUNTIME_FILE
    _allow_files()
    if config.workers == 1:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve_here(config, runtime_file))
    else:
        _serve_in_processes(config, runtime_file)


def application() -> GatewayApplication:
    """Return the application of one of several worker processes, configured by the environment."""
    _end_with_parent()
    config = load_config(os.environ)
    configure_log(config.log_level, config.log_format)
    worker = _built(config)

    def notice_the_end() -> None:
        # The worker's own handlers hear of signals through the event loop, whatever is set here.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(worker.before_stop))

    worker.on_startup.append(notice_the_end)
    return worker


def _end_with_parent() -> None:
    """Have this worker killed when the process that started it is gone.

    Granian's workers would else go on serving the port for ever. SIGKILL, because they hear of
    SIGTERM only while there is somebody to wait for them; what they do survives that.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            # It was gone before we asked, and nobody will tell us.
            os.kill(os.getpid(), signal.SIGKILL)


def _built(config: GatewayConfig) -> GatewayApplication:
    """Return the application, which the garbage collector need not look at again and again."""
    built = build(config)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    return built


async def _serve_here(config: GatewayConfig, runtime_file: Path) -> None:
    application = _built(config)
    server = EmbeddedServer(
        application,
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        backpressure=_connections_max(config),
        http1_settings=_HTTP1,
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    serving = asyncio.create_task(server.serve())
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    announcing = asyncio.create_task(asyncio.to_thread(_announce, config, runtime_file))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        _forget(runtime_file)
        application.before_stop()
        server.stop()  # type: ignore[no-untyped-call]
        done, _ = await asyncio.wait({serving}, timeout=_STOP_TIMEOUT_S)
        stopped.cancel()
        await asyncio.wait({announcing}, timeout=_STOP_TIMEOUT_S)
        _forget(runtime_file)
    if done and (error := serving.exception()):
        raise error


def _serve_in_processes(config: GatewayConfig, runtime_file: Path) -> None:
    # The workers read the environment again; it must give them what this process has settled on.
    os.environ["PORT"] = str(config.port)
    os.environ["HOST"] = config.host
    server = ProcessServer(
        "gateway.server:application",
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=config.workers,
        workers_kill_timeout=int(_STOP_TIMEOUT_S),
        backpressure=_connections_max(config),
        http1_settings=_HTTP1,
        factory=True,
        log_enabled=False,
    )
    announcing = threading.Thread(target=_announce, args=(config, runtime_file), daemon=True)
    server.on_startup(announcing.start)
    try:
        server.serve()
    finally:
        _forget(runtime_file)


def _connections_max(config: GatewayConfig) -> int:
    """Return how many connections a worker has; more wait. Live streams take none of the rest."""
    return _CONNECTIONS_MAX + config.live_clients_max


def _allow_files() -> None:
    """Ask for all the open files that the system lets us have: a connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _forget(runtime_file: Path) -> None:
    runtime_file.unlink(missing_ok=True)


def _claimed_port(host: str, port: int) -> int:
    """Return a port that nobody listens on; 0 asks the system for one.

    Granian shares its port with every process that asks for it, so that a second gateway would
    silently take half of the requests. An ordinary bind finds that out.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host} port {port}: {error.strerror}. Set HOST and PORT to "
                "what is free."
            ) from error
        bound: int = probe.getsockname()[1]
        return bound


def _announce(config: GatewayConfig, runtime_file: Path) -> None:
    """Write the runtime file, in one step, once the gateway answers."""
    pause = threading.Event()
    for _ in range(int(_READY_TIMEOUT_S / _PROBE_PAUSE_S)):
        if _answers(config.host, config.port):
            break
        pause.wait(_PROBE_PAUSE_S)
    else:
        _log.error("gateway_does_not_answer", host=config.host, port=config.port)
        return
    content = msgspec.json.encode({"pid": os.getpid(), "port": config.port})
    draft = runtime_file.with_suffix(".tmp")
    draft.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(content)
    draft.replace(runtime_file)
    _log.info("gateway_ready", host=config.host, port=config.port)


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=_PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
