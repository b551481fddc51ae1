"""What goes wrong. Each begins under load, and ends with everything running again."""

import random
import shutil
import signal
import socket
from collections.abc import Callable

import grpc
import pytest

from scoring_server.rpc.client import ScoringClient
from tests.chaos.installation import Installation
from tests.support.small_disk import fill

Fault = Callable[[Installation, random.Random], None]


def kill_scoring_server(installation: Installation, _drawn: random.Random) -> None:
    installation.scoring.stop(signal.SIGKILL)
    installation.start_scoring()


def kill_gateway(installation: Installation, _drawn: random.Random) -> None:
    installation.gateway.stop(signal.SIGKILL)
    installation.load.await_told(50)
    installation.start_gateway()


def kill_both_servers(installation: Installation, _drawn: random.Random) -> None:
    installation.gateway.stop(signal.SIGKILL)
    installation.scoring.stop(signal.SIGKILL)
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
    installation.scoring.stop(signal.SIGKILL)
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
)
# What the rest is made of, for the short form.
FEW_FAULTS: tuple[Fault, ...] = (
    kill_both_servers,
    kill_database,
    cut_network,
    fill_disk,
    tear_snapshot,
    send_poison,
)
