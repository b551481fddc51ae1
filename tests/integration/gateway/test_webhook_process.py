"""Webhooks of gateways that are processes: two at once, and one that is killed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.alerts import raise_alert
from tests.support.gateway_process import serving
from tests.support.receiver import Received, Receiver, receiver
from tests.support.scripted_scoring_server import ScriptedScoringServer
from tests.support.waiting import eventually


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as one:
        yield one


@pytest.fixture
def environ(database_url: str, scoring: ScriptedScoringServer) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url.replace("+aiosqlite", ""),
        "SCORING_TARGET": scoring.target,
        "RATE_LIMIT_REQUESTS": "0",
        "WEBHOOK_PAUSE_FIRST_MS": "20",
    }


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


async def raise_alerts(client: httpx.AsyncClient, number: int, start: int = 0) -> set[str]:
    return {
        await raise_alert(client, f"tx-{index}", source_account=f"account-{index}")
        for index in range(start, start + number)
    }


def told(there: Receiver) -> list[Any]:
    return [each.message["data"]["alert_id"] for each in there.got]


async def test_two_gateways_tell_each_change_once(
    tmp_path: Path, environ: dict[str, str], there: Receiver
) -> None:
    async with (
        serving(folder(tmp_path, "one"), **environ) as one,
        serving(folder(tmp_path, "other"), **environ) as other,
    ):
        added = await one.post("/api/webhooks", json={"url": there.url})
        assert added.status_code == 201
        raised = await raise_alerts(one, 15) | await raise_alerts(other, 15, start=15)

        async def all_told() -> bool:
            return len(there.got) >= len(raised)

        await eventually(all_told, 30)
        path = f"/api/webhooks/{added.json()['data']['webhook_id']}/deliveries"

        async def all_settled() -> bool:
            waiting = await other.get(path, params={"status": "PENDING"})
            return waiting.json()["pagination"]["total_records"] == 0

        await eventually(all_settled)
    assert sorted(told(there)) == sorted(raised)
    assert len(set(there.ids)) == len(there.ids)


async def test_killed_gateway_loses_nothing(
    tmp_path: Path, environ: dict[str, str], there: Receiver
) -> None:
    """It is killed with attempts under way, and others that have not begun."""
    held = asyncio.Event()

    async def answer(_: Received) -> str:
        if len(there.got) > 5:
            await held.wait()
        return "200 OK"

    there.answer = answer
    async with serving(folder(tmp_path, "one"), **environ) as first:
        assert (await first.post("/api/webhooks", json={"url": there.url})).status_code == 201
        raised = await raise_alerts(first, 20)

        async def under_way() -> bool:
            return len(there.got) > 8

        await eventually(under_way, 30)
    # The end of the block was `kill -9`.
    held.set()
    before = len(there.got)
    assert before < len(raised)
    async with serving(folder(tmp_path, "other"), **environ):

        async def all_told() -> bool:
            return set(told(there)) == raised

        await eventually(all_told, 30)
    # Only what was under way comes again, and by its id it is known to.
    repeated = len(there.got) - len(set(there.ids))
    assert repeated == before - 5
    assert len(set(there.ids)) == len(raised)
