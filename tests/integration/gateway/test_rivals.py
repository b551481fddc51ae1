"""Fifty clients after the same thing, over HTTP, against a gateway of two processes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway_process import serving
from tests.support.scripted_scoring_server import ScriptedScoringServer, alert_id_of, payment
from tests.support.waiting import eventually

RIVALS = 50


@asynccontextmanager
async def rivals_at(
    tmp_path: Path, database_url: str, scoring: ScriptedScoringServer
) -> AsyncIterator[tuple[httpx.AsyncClient, list[httpx.AsyncClient]]]:
    """Run a gateway; yield a client of it, and one with a connection of its own for each rival."""
    environ = {
        "DATABASE_URL": database_url.replace("+aiosqlite", ""),
        "SCORING_TARGET": scoring.target,
        "RATE_LIMIT_REQUESTS": "0",
        "WORKERS": "2",
    }
    async with serving(tmp_path, **environ) as client, AsyncExitStack() as stack:
        rivals = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=client.base_url, timeout=60))
            for _ in range(RIVALS)
        ]
        await asyncio.gather(*(rival.get("/health") for rival in rivals))
        yield client, rivals


async def raised(client: httpx.AsyncClient, scoring: ScriptedScoringServer, number: int) -> None:
    for index in range(number):
        await scoring.score(payment(f"tx-{index}", amount_minor=9_000, account_id=f"a-{index}"))

    async def there() -> bool:
        answer = (await client.get("/api/alerts")).json()
        return bool(answer["pagination"]["total_records"] == number)

    await eventually(there)


async def history_of(client: httpx.AsyncClient, alert_id: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/investigations/{alert_id}/history")
    history: list[dict[str, Any]] = answer.json()["history"]
    return history


@pytest.fixture(params=["claim", "decide", "move"])
def attempt(request: pytest.FixtureRequest) -> Any:
    alert_id = alert_id_of("tx-0")
    calls = {
        "claim": lambda rival, name: rival.post(
            f"/api/alerts/{alert_id}/claim", json={"analyst_id": name}
        ),
        "decide": lambda rival, name: rival.post(
            f"/api/investigations/{alert_id}/decision",
            json={"decision": "FRAUD", "notes": name, "analyst_id": name},
        ),
        "move": lambda rival, name: rival.patch(
            f"/api/alerts/{alert_id}/status", json={"status": "INVESTIGATING", "analyst_id": name}
        ),
    }
    return request.param, calls[request.param]


async def test_one_alert_has_exactly_one_winner(
    attempt: Any, tmp_path: Path, database_url: str, scoring: ScriptedScoringServer
) -> None:
    kind, call = attempt
    alert_id = alert_id_of("tx-0")
    async with rivals_at(tmp_path, database_url, scoring) as (client, rivals):
        await raised(client, scoring, 1)
        answers = await asyncio.gather(
            *(call(rival, f"analyst-{number}") for number, rival in enumerate(rivals))
        )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: RIVALS - 1}
        (winner,) = [
            f"analyst-{number}" for number, answer in enumerate(answers) if answer.is_success
        ]
        history = await history_of(client, alert_id)
        alert = (await client.get(f"/api/investigations/{alert_id}")).json()["data"]
    assert alert["assigned_to"] == winner
    expected = [("RAISED", "system", "ACTIVE"), ("CLAIMED", winner, "INVESTIGATING")]
    if kind == "decide":
        expected.append(("DECIDED_FRAUD", winner, "RESOLVED"))
    assert [
        (entry["action"], entry["analyst_id"], entry["new_status"]) for entry in history
    ] == expected
    assert alert["version"] == len(expected)
    assert [note["content"] for note in alert["notes"]] == ([winner] if kind == "decide" else [])


async def test_next_gives_every_alert_exactly_once(
    tmp_path: Path, database_url: str, scoring: ScriptedScoringServer
) -> None:
    async with rivals_at(tmp_path, database_url, scoring) as (client, rivals):
        await raised(client, scoring, RIVALS)
        answers = await asyncio.gather(
            *(
                rival.post("/api/queue/next", json={"analyst_id": f"analyst-{number}"})
                for number, rival in enumerate(rivals)
            )
        )
        assert {answer.status_code for answer in answers} == {200}
        taken = [answer.json()["data"] for answer in answers]
        assert {alert["alert_id"] for alert in taken} == {
            alert_id_of(f"tx-{index}") for index in range(RIVALS)
        }
        assert (await client.post("/api/queue/next")).json()["data"] is None
        for number, alert in enumerate(taken):
            assert alert["assigned_to"] == f"analyst-{number}"
            history = await history_of(client, alert["alert_id"])
            assert [(entry["action"], entry["analyst_id"]) for entry in history[1:]] == [
                ("CLAIMED", f"analyst-{number}")
            ]
