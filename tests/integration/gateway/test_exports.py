"""Alerts and decisions as CSV: what is in it, its memory, its end, on both databases."""

import asyncio
import csv
import io
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from gateway.app import build
from gateway.config import GatewayConfig
from gateway.db.engine import Database
from gateway.db.migrate import migrate
from gateway.db.watch import DatabaseLimits
from gateway.domain.alert import Alert
from tests.integration.gateway.conftest import started
from tests.support import alert_values
from tests.support.alerts import raise_alert
from tests.support.gateway_process import serving
from tests.support.scripted_scoring_server import ScriptedScoringServer

MANY = 20_000
# More than what lies on the way between the two ends of a connection.
FAR_MORE = 30_000
# Tracing memory is slow; the last rows tell whether it grows. They take 2 MB in the file.
TRACED_FROM = 15_000


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def alerts(number: int, prefix: str) -> list[Alert]:
    later = timedelta(days=1 if prefix == "new" else 0)
    return [
        alert_values.alert(
            f"{prefix}-{index:06}",
            account_id=f"account-{index}",
            ingest_time=alert_values.INGEST_TIME + timedelta(seconds=index) + later,
        )
        for index in range(number)
    ]


async def store(database: Database, number: int, prefix: str = "tx") -> None:
    async with database.write() as unit:
        await unit.alerts.add(alerts(number, prefix))


@asynccontextmanager
async def exporting(application: Litestar, path: str, gone: asyncio.Event) -> AsyncIterator[Any]:
    """Ask for a file as a server does; yield the messages of the answer as they are sent."""
    sent: asyncio.Queue[Any] = asyncio.Queue(1)
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("gateway", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
        "asgi": {"version": "3.0"},
    }

    async def run() -> None:
        await application(scope, receive, sent.put)  # type: ignore[arg-type]
        await sent.put(None)

    running = asyncio.create_task(run())
    try:
        yield sent
    finally:
        gone.set()
        while not running.done():
            if sent.full():
                sent.get_nowait()
            await asyncio.sleep(0)
        await running


async def length_of(chunks: AsyncIterator[bytes]) -> int:
    return sum([len(chunk) async for chunk in chunks])


async def test_file_holds_what_the_list_shows(gateway: httpx.AsyncClient) -> None:
    for number, amount in enumerate((55, 85, 96)):
        await raise_alert(gateway, f"tx-{number}", amount=amount, source_account=f"a-{number}")
    answer = await gateway.get("/api/alerts/export.csv", params={"sort": "risk_score"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="alerts.csv"'
    assert answer.headers["cache-control"] == "no-store"
    listed = (await gateway.get("/api/alerts", params={"sort": "risk_score"})).json()["data"]
    rows = rows_of(answer)
    assert [row["alert_id"] for row in rows] == [each["alert_id"] for each in listed]
    assert list(rows[0]) == list(listed[0])
    assert rows[0]["risk_score"] == "96.0"
    assert rows[0]["sla_breached"] == "false"
    assert rows[0]["closed_at"] == ""
    for params, expected in (
        ({"severity": "HIGH"}, ["HIGH"]),
        ({"search": "a-0"}, ["MEDIUM"]),
        ({"status": "RESOLVED"}, []),
    ):
        answer = await gateway.get("/api/alerts/export.csv", params=params)
        assert [row["severity"] for row in rows_of(answer)] == expected
    refused = await gateway.get("/api/alerts/export.csv", params={"severity": "MINIMAL"})
    assert refused.status_code == 422
    assert refused.json()["details"]["fields"][0]["field"] == "severity"


async def test_decisions_are_exported_and_formulas_are_only_text(
    gateway: httpx.AsyncClient,
) -> None:
    evil = '=HYPERLINK("http://x","y")\r\n, Zoë'
    alert_id = await raise_alert(gateway, "tx-1", entity_id="@shop", entity_type="MERCHANT")
    for decision, analyst in (("FRAUD", "+ann"), ("LEGITIMATE", "bob")):
        await gateway.post(
            f"/api/investigations/{alert_id}/decision",
            json={"decision": decision, "notes": evil, "analyst_id": analyst},
        )
        await gateway.put(f"/api/alerts/{alert_id}", json={"status": "ACTIVE"})
    answer = await gateway.get("/api/feedback/export.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="feedback.csv"'
    first, second = rows_of(answer)
    assert (first["decision"], first["analyst"], first["withdrawn"]) == (
        "FALSE_POSITIVE",
        "bob",
        "true",
    )
    assert (second["analyst"], second["entity"], second["notes"]) == (
        "'+ann",
        "'@shop",
        "'" + evil,
    )
    only = await gateway.get("/api/feedback/export.csv", params={"decision": "FRAUD"})
    assert [row["decision"] for row in rows_of(only)] == ["FRAUD"]
    refused = await gateway.get("/api/feedback/export.csv", params={"range": "1y"})
    assert refused.status_code == 422


async def test_memory_is_bounded_and_rows_of_meanwhile_are_left_out(
    config: GatewayConfig, database: Database
) -> None:
    await store(database, MANY)
    application = build(config)
    rows = 0
    peaks: dict[int, int] = {}
    last = b"\xff"
    async with (
        started(application),
        exporting(application, "/api/alerts/export.csv", asyncio.Event()) as sent,
    ):
        while (message := await sent.get()) is not None:
            if message["type"] == "http.response.start":
                await store(database, 10, "new")
                continue
            for line in message["body"].splitlines():
                if line.startswith(b"alr_"):
                    # Newest first, so that each comes once.
                    assert line < last
                    last = line
                    rows += 1
            if rows == TRACED_FROM and not tracemalloc.is_tracing():
                tracemalloc.start()
            if tracemalloc.is_tracing():
                peaks[rows] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert rows == MANY
    assert last.startswith(b"alr_tx-000000,")
    # Had the file been kept, it would have grown by far more than that.
    assert peaks[MANY] < peaks[TRACED_FROM + 1_000] + 1_000_000


async def test_client_that_goes_away_ends_the_reading(
    config: GatewayConfig, database: Database
) -> None:
    await store(database, 5_000)
    application = build(config)
    gone = asyncio.Event()
    bodies = 0
    async with (
        started(application),
        exporting(application, "/api/alerts/export.csv", gone) as sent,
    ):
        while (message := await sent.get()) is not None:
            if message["type"] == "http.response.body":
                bodies += 1
                assert message["more_body"] is True
                gone.set()
    assert bodies < 6


async def test_database_that_fails_at_the_start_is_an_error(
    tmp_path: Path, scoring: ScriptedScoringServer
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/gateway.sqlite"
    migrate(url)
    database = Database(url, DatabaseLimits(pool_size=1))
    await store(database, 1)
    await database.close()
    application = build(GatewayConfig(database_url=url, scoring_target=scoring.target))
    with sqlite3.connect(tmp_path / "gateway.sqlite") as connection:
        connection.execute("ALTER TABLE alerts RENAME TO elsewhere")
    connection.close()
    transport = httpx.ASGITransport(app=application)
    async with (
        started(application),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        answer = await client.get("/api/alerts/export.csv")
    assert answer.status_code == 503
    assert answer.json()["error_code"] == "DATABASE_UNAVAILABLE"


async def test_failure_in_the_middle_breaks_the_connection(
    tmp_path: Path, scoring: ScriptedScoringServer
) -> None:
    path = tmp_path / "data" / "gateway.sqlite"
    url = f"sqlite+aiosqlite:///{path}"
    migrate(url)
    database = Database(url, DatabaseLimits(pool_size=1))
    await store(database, FAR_MORE)
    await database.close()
    async with serving(tmp_path, SCORING_TARGET=scoring.target, LOG_FORMAT="json") as client:
        whole = await client.get("/api/alerts/export.csv", timeout=60)
        assert len(rows_of(whole)) == FAR_MORE
        async with client.stream("GET", "/api/alerts/export.csv", timeout=60) as answer:
            assert answer.status_code == 200
            chunks = answer.aiter_bytes()
            assert (await anext(chunks)).startswith(b"alert_id,timestamp,")
            # Until the client reads on, most of the file is not even read from the database.
            with sqlite3.connect(path) as connection:
                connection.execute("ALTER TABLE alerts RENAME TO elsewhere")
            connection.close()
            with pytest.raises(httpx.RemoteProtocolError):
                await length_of(chunks)
        assert (await client.get("/health")).status_code == 200
