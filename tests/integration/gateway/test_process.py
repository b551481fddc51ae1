"""The gateway as a process.

Its port, its runtime file, its end, and being killed while it takes the feed in.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.alerts import body as evaluate_body
from tests.support.event_stream import event_source
from tests.support.scripted_scoring_server import ScriptedScoringServer, payment
from tests.support.waiting import eventually

STOP_TIMEOUT_S = 5.0
ANOMALY = Path(sys.executable).parent / "anomaly"


@asynccontextmanager
async def process(
    data_dir: Path, target: str, **environ: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        ANOMALY,
        "gateway",
        env=os.environ
        | {"DATA_DIR": str(data_dir), "PORT": "0", "SCORING_TARGET": target, "LOG_FORMAT": "json"}
        | environ,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def address(data_dir: Path) -> tuple[str, int]:
    path = data_dir / "gateway.json"

    async def ready() -> bool:
        return path.exists()

    await eventually(ready, 30)
    content = json.loads(path.read_bytes())
    return f"http://127.0.0.1:{content['port']}", content["pid"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_starts_answers_and_stops_cleanly(
    tmp_path: Path, scoring: ScriptedScoringServer, number: signal.Signals
) -> None:
    async with process(tmp_path, scoring.target) as running:
        base, pid = await address(tmp_path)
        assert pid == running.pid
        async with httpx.AsyncClient(base_url=base) as client:
            answer = await client.post("/api/detection/evaluate", json=evaluate_body("tx-1"))
            assert answer.json()["data"]["alert_readable"] is True
            # The connection is kept open over the end, as browsers do.
            running.send_signal(number)
            async with asyncio.timeout(STOP_TIMEOUT_S):
                assert await running.wait() == 0
        assert not (tmp_path / "gateway.json").exists()


async def test_second_gateway_on_the_same_port_is_refused(
    tmp_path: Path, scoring: ScriptedScoringServer
) -> None:
    async with process(tmp_path, scoring.target):
        base, _ = await address(tmp_path)
        port = base.rpartition(":")[2]
        async with process(tmp_path / "other", scoring.target, PORT=port) as second:
            assert await second.wait() == 2


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_open_streams_do_not_hold_up_the_end(
    tmp_path: Path, scoring: ScriptedScoringServer, workers: str
) -> None:
    async with process(tmp_path, scoring.target, WORKERS=workers) as running:
        base, _ = await address(tmp_path)
        async with AsyncExitStack() as stack:
            sources = []
            for _ in range(6):
                client = await stack.enter_async_context(httpx.AsyncClient(base_url=base))
                sources.append(await stack.enter_async_context(event_source(client)))
            running.terminate()
            async with asyncio.timeout(2 * STOP_TIMEOUT_S):
                assert [await source.next() for source in sources] == [None] * 6
                assert await running.wait() == 0


async def test_several_workers_take_the_feed_in_once(
    tmp_path: Path, scoring: ScriptedScoringServer
) -> None:
    for index in range(200):
        await scoring.score(payment(f"tx-{index}", amount_minor=9_000, account_id=f"a-{index}"))
    async with process(tmp_path, scoring.target, WORKERS="2", RATE_LIMIT_REQUESTS="0") as running:
        base, _ = await address(tmp_path)
        async with httpx.AsyncClient(base_url=base) as client:

            async def all_there() -> bool:
                listed = (await client.get("/api/alerts")).json()
                return bool(listed["pagination"]["total_records"] == 200)

            await eventually(all_there)
            answer = await client.post("/api/detection/evaluate", json=evaluate_body("tx-new"))
            assert answer.json()["data"]["alert_readable"] is True
        running.terminate()
        async with asyncio.timeout(2 * STOP_TIMEOUT_S):
            assert await running.wait() == 0


async def test_killed_while_it_takes_the_feed_in_nothing_is_lost_or_doubled(
    tmp_path: Path, scoring: ScriptedScoringServer
) -> None:
    total = 6_000
    for index in range(total):
        await scoring.score(
            payment(f"tx-{index}", amount_minor=index + 1, account_id=f"a-{index % 97}")
        )
    database = tmp_path / "gateway.sqlite"

    def stored() -> int:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            found: int = connection.execute("SELECT count(*) FROM transactions").fetchone()[0]
        connection.close()
        return found

    for kill_at in (1, total // 2):
        async with process(tmp_path, scoring.target) as running:
            await address(tmp_path)

            async def past(kill_at: int = kill_at) -> bool:
                return stored() >= kill_at

            await eventually(past, 60)
            running.kill()
            await running.wait()
        (tmp_path / "gateway.json").unlink()
        assert stored() < total
    async with process(tmp_path, scoring.target):

        async def complete() -> bool:
            return stored() >= total

        await eventually(complete, 60)
    assert stored() == total


async def test_workers_end_with_the_process_that_started_them(
    tmp_path: Path, scoring: ScriptedScoringServer
) -> None:
    async with process(tmp_path, scoring.target, WORKERS="2") as running:
        base, pid = await address(tmp_path)
        workers = psutil.Process(pid).children(recursive=True)
        assert len(workers) >= 2
        running.kill()
        await running.wait()
        _, alive = await asyncio.to_thread(psutil.wait_procs, workers, 10)
        for worker in alive:
            worker.kill()
        assert alive == []
        async with httpx.AsyncClient(base_url=base) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("/health")
