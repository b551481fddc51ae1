"""What goes wrong. Each begins under load, and ends with everything running again."""

import os
import random
import shutil
import signal
import socket
import time
from collections.abc import Callable

import grpc
import pytest

from scoring_server.rpc.client import ScoringClient
from tests.chaos.installation import Installation
from tests.chaos.slow_disk import slowed
from tests.support.product import wait_for
from tests.support.small_disk import fill

_STEP_SECONDS_MAX = 40 * 86_400
_SECONDS_BETWEEN_MAX = 60
_DELAY_MS_MAX = 200

Fault = Callable[[Installation, random.Random], None]


def kill_scoring_server(installation: Installation, _drawn: random.Random) -> None:
    """Kill the process that was started; with several workers it is their supervisor."""
    installation.scoring.stop(signal.SIGKILL)
    installation.start_scoring()


def kill_worker(installation: Installation, drawn: random.Random) -> None:
    """Kill one of several workers, while the rest serve on, until another has its place."""
    worker = drawn.randrange(installation.workers)
    before = installation.worker_pid(worker)
    os.kill(before, signal.SIGKILL)
    wait_for("another worker", lambda: installation.worker_pid(worker) != before)


def kill_gateway(installation: Installation, _drawn: random.Random) -> None:
    installation.gateway.stop(signal.SIGKILL)
    installation.load.await_told(50)
    installation.start_gateway()


def kill_both_servers(installation: Installation, _drawn: random.Random) -> None:
    """Kill every process of both at the same moment."""
    installation.gateway.kill()
    installation.scoring.kill()
    installation.start_scoring()
    installation.start_gateway()


def stop_database(installation: Installation, _drawn: random.Random) -> None:
    installation.database.end(signal.SIGINT)
    installation.load.await_told(100)
    installation.database.start()


def kill_database(installation: Installation, _drawn: random.Random) -> None:
    installation.database.end(signal.SIGKILL)
    installation.load.await_told(100)
    installation.database.start()


def cut_network(installation: Installation, _drawn: random.Random) -> None:
    installation.proxy.cut()
    installation.load.await_told(100)
    installation.proxy.mend()


def fill_disk(installation: Installation, _drawn: random.Random) -> None:
    filling = fill(installation.disk)
    installation.load.await_refusal("RESOURCE_EXHAUSTED")
    filling.unlink()
    installation.load.await_told(50)


def tear_snapshot(installation: Installation, drawn: random.Random) -> None:
    """Damage the newest snapshot, or take a slot's end away, and lose the state with it."""
    for _ in range(2):
        installation.load.await_told(drawn.randint(1, 50))
        made = installation.snapshot()
        assert made.returncode == 0, made.stderr
    # All of its workers with it, which would write to what is removed.
    installation.scoring.kill()
    slots = sorted((installation.data_dir / "snapshots").glob("*/snapshot.json"))
    newest = max(slots, key=lambda path: path.stat().st_mtime_ns)
    victim = drawn.choice([*sorted(newest.parent.glob("*.table")), newest])
    with victim.open("r+b") as file:
        if drawn.random() < 0.5:
            file.truncate(victim.stat().st_size // 2)
        else:
            file.write(drawn.randbytes(16))
    shutil.rmtree(installation.data_dir / "state")
    installation.start_scoring()


def send_poison(installation: Installation, drawn: random.Random) -> None:
    """Send bytes that are no message, as calls and as no calls at all."""
    with ScoringClient(f"127.0.0.1:{installation.port}") as client:
        for method in ("ScoringService/Score", "ScoringService/ScoreBatch"):
            call = client.channel.unary_unary(f"/anomaly.v1.{method}")
            for _ in range(20):
                with pytest.raises(grpc.RpcError) as caught:
                    call(drawn.randbytes(drawn.randint(0, 400)), timeout=10)
                assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, caught.value
    for greeting in (b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", installation.port), 10) as connection:
            connection.sendall(greeting + drawn.randbytes(2_000))
    installation.load.await_told(20)


def step_clock(installation: Installation, drawn: random.Random) -> None:
    """Set the clock of both servers back or forward, and later right again."""
    seconds = drawn.choice((-1, 1)) * drawn.randint(1, _STEP_SECONDS_MAX)
    installation.clock.step(seconds)
    # More than can be under way at the moment.
    installation.load.await_told(100)
    wrong_by_s = installation.newest_ingest_time_s() - time.time()
    assert abs(wrong_by_s - seconds) < _SECONDS_BETWEEN_MAX, (wrong_by_s, seconds)
    # Whoever starts meanwhile finds files of another time.
    if drawn.random() < 0.5:
        kill_both_servers(installation, drawn)
    installation.clock.step(0)
    installation.load.await_told(50)


def slow_disk(installation: Installation, drawn: random.Random) -> None:
    """Have everything the servers write take as long as on a disk that is overloaded."""
    delay_ms = drawn.randint(1, _DELAY_MS_MAX)
    with slowed(installation.scoring.family(), delay_ms):
        installation.load.await_told(20)
        if drawn.random() < 0.5:
            kill_both_servers(installation, drawn)
    installation.load.await_told(20)


FAULTS: tuple[Fault, ...] = (
    kill_scoring_server,
    kill_gateway,
    kill_both_servers,
    stop_database,
    kill_database,
    cut_network,
    fill_disk,
    tear_snapshot,
    send_poison,
    step_clock,
    slow_disk,
)
# What only several workers can suffer.
WORKER_FAULTS: tuple[Fault, ...] = (*FAULTS, kill_worker)
# What the rest is made of, for the short form.
FEW_FAULTS: tuple[Fault, ...] = (
    kill_both_servers,
    kill_database,
    cut_network,
    fill_disk,
    tear_snapshot,
    send_poison,
    step_clock,
    slow_disk,
)
FEW_WORKER_FAULTS: tuple[Fault, ...] = (
    kill_worker,
    kill_scoring_server,
    kill_both_servers,
    fill_disk,
    tear_snapshot,
)
