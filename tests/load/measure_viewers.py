"""What people who look on cost: live streams while alerts come in, and whether scoring notices.

    python -m tests.load.measure_viewers --viewers 200 --alerts 500 --seconds 60

starts both servers on a new data directory with an alert for every payment, sends payments at an
even rate, first with nobody looking on and then with open streams of alerts, and prints one JSON
line: the latency of single Score calls in both spans and the ratio of their p99, what the streams
got, the memory of the gateway over the second span, and how long pages took in it.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import psutil
from anomaly.v1 import transaction_pb2

from scoring_server.rpc.client import ScoringClient
from tests.support.product import Product, product, wait_for

PAGES = ("/", "/queue", "/api/alerts?limit=50")
_ACCOUNTS = 15_000
_BATCHES_A_SECOND = 10
_PROBES_A_SECOND = 50
_numbers = count(1)


def payment() -> Any:
    """Return a payment with a new id, of one of many accounts."""
    number = next(_numbers)
    made = transaction_pb2.Transaction(
        transaction_id=f"viewed-{number}",
        payment=transaction_pb2.Payment(
            account_id=f"account-{number % _ACCOUNTS}",
            merchant_id=f"merchant-{number % 500}",
            amount_minor=1_000 + number % 9_000,
            currency="EUR",
        ),
    )
    made.event_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None))
    return made


class Pace:
    """Waits for the next of evenly spaced moments; one that was missed is not made up for."""

    def __init__(self, per_second: float) -> None:
        self._step_s = 1 / per_second
        self._next_s = time.monotonic()

    def wait(self) -> None:
        self._next_s = max(self._next_s + self._step_s, time.monotonic())
        time.sleep(max(0.0, self._next_s - time.monotonic()))


def send_payments(target: str, per_second: int, ended: threading.Event) -> None:
    """Send payments in small batches until the end."""
    pace = Pace(_BATCHES_A_SECOND)
    with ScoringClient(target) as client:
        while not ended.is_set():
            client.score_batch([payment() for _ in range(per_second // _BATCHES_A_SECOND)])
            pace.wait()


def probe(target: str, seconds: float) -> list[float]:
    """Return what single calls take, in milliseconds."""
    pace, until, taken = Pace(_PROBES_A_SECOND), time.monotonic() + seconds, []
    with ScoringClient(target) as client:
        client.score(payment())
        while time.monotonic() < until:
            begun = time.perf_counter()
            client.score(payment())
            taken.append(1e3 * (time.perf_counter() - begun))
            pace.wait()
    return taken


def look_on(port: int, viewers: int, channel: Connection) -> None:
    """Hold streams open in a process of their own; say when all are, and at the end what came."""
    channel.send(asyncio.run(_look_on(port, viewers, channel)))


async def _look_on(port: int, viewers: int, channel: Connection) -> dict[str, float]:
    got = {"alerts": 0, "bytes": 0, "ended": 0}
    opened: asyncio.Queue[bool] = asyncio.Queue()

    async def view() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/live/alerts HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        opened.put_nowait(b" 200 " in head)
        while block := await reader.read(1 << 20):
            got["alerts"] += block.count(b"event: alert.raised")
            got["bytes"] += len(block)
        got["ended"] += 1

    tasks = [asyncio.create_task(view()) for _ in range(viewers)]
    channel.send(all([await opened.get() for _ in range(viewers)]))
    await asyncio.to_thread(channel.recv)
    for task in tasks:
        task.cancel()
    return got


def visit(url: str, gateway: psutil.Process, seconds: float) -> dict[str, Any]:
    """Visit pages once a second; return what they took and the memory of the gateway."""
    pace, until = Pace(1.0), time.monotonic() + seconds
    taken: dict[str, list[float]] = {path: [] for path in PAGES}
    memory = []
    with httpx.Client(base_url=url, timeout=30) as client:
        while time.monotonic() < until:
            for path in PAGES:
                begun = time.perf_counter()
                client.get(path).raise_for_status()
                taken[path].append(1e3 * (time.perf_counter() - begun))
            memory.append(gateway.memory_info().rss / 1e6)
            pace.wait()
    third = max(1, len(memory) // 3)
    return {
        "page_ms": {
            path: {"median": round(statistics.median(each), 1), "slowest": round(max(each), 1)}
            for path, each in taken.items()
        },
        "gateway_mb": [
            round(statistics.median(part), 1)
            for part in (memory[:third], memory[third : 2 * third], memory[2 * third :] or memory)
        ],
    }


def latency(taken: list[float]) -> dict[str, float]:
    """Return the quantiles that are told."""
    ordered = sorted(taken)
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def measure(servers: Product, viewers: int, alerts: int, seconds: float) -> dict[str, Any]:
    """Return the figures of both spans."""
    port = httpx.URL(servers.url).port
    # The scoring server is one of the family too; the gateway is the one that listens there.
    gateway = next(
        each
        for each in servers.program.family()
        if any(c.status == "LISTEN" and c.laddr.port == port for c in each.net_connections())
    )
    ended = threading.Event()
    sender = threading.Thread(target=send_payments, args=(servers.target, alerts, ended))
    sender.start()
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    looking = context.Process(target=look_on, args=(port, viewers, theirs))
    try:
        probe(servers.target, seconds / 6)
        alone = probe(servers.target, seconds)
        looking.start()
        if not ours.recv():
            raise SystemExit("the gateway refused a stream")
        visits: dict[str, Any] = {}
        visitor = threading.Thread(
            target=lambda: visits.update(visit(servers.url, gateway, seconds))
        )
        visitor.start()
        begun, first = time.monotonic(), next(_numbers)
        watched = probe(servers.target, seconds)
        visitor.join()
        took_s, sent = time.monotonic() - begun, next(_numbers) - first
        ours.send("end")
        got = ours.recv()
    finally:
        ended.set()
        sender.join()
        if looking.is_alive():
            looking.kill()
    return {
        "viewers": viewers,
        "streams_ended": got["ended"],
        "payments_per_second": round(sent / took_s, 1),
        "alerts_per_viewer_and_second": round(got["alerts"] / viewers / took_s, 1),
        "stream_mb_per_second": round(got["bytes"] / took_s / 1e6, 1),
        "score_ms_alone": latency(alone),
        "score_ms_watched": latency(watched),
        "score_p99_ratio": round(latency(watched)["p99"] / latency(alone)["p99"], 2),
        **visits,
    }


def main() -> None:
    """Start both servers, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--alerts", type=int, default=500, help="alerts a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each span")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anomaly-viewers-") as folder:
        every = {"ALERT_THRESHOLD": "0", "FOLD_WINDOW_SECONDS": "0", "LOG_LEVEL": "WARNING"}
        with product(Path(folder), **every) as servers:
            wait_for("the gateway", lambda: httpx.get(servers.url + "/health").is_success)
            figures = measure(servers, given.viewers, given.alerts, given.seconds)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
