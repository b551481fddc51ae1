"""The demo's analyst empties a real gateway's queue, and decides as the labels say."""

import asyncio
from pathlib import Path

from deploy.demo_analyst import Analyst
from tests.support.alerts import raise_alert
from tests.support.gateway_process import serving
from tests.support.scripted_scoring_server import ScriptedScoringServer
from tests.support.waiting import eventually

ALERTS = 12


async def test_analyst_works_the_queue_until_it_is_empty(tmp_path: Path) -> None:
    scoring = ScriptedScoringServer()
    await scoring.start()
    environ = {"SCORING_TARGET": scoring.target, "RATE_LIMIT_REQUESTS": "0"}
    try:
        async with serving(tmp_path, **environ) as client:
            labels = {f"tx-{number}": number % 2 == 0 for number in range(ALERTS)}
            for name in labels:
                await raise_alert(client, name, source_account=name, entity_id=name)
            analyst = Analyst(str(client.base_url), labels, pause_seconds=0.01)
            analyst.start()

            async def nothing_waits() -> bool:
                answer = await client.get("/api/alerts", params={"status": "ACTIVE"})
                return not answer.json()["data"]

            await eventually(nothing_waits)
            analyst.stopping.set()
            await asyncio.to_thread(analyst.join)
            alerts = (await client.get("/api/alerts", params={"limit": 100})).json()["data"]
            as_labelled = sum(
                each["outcome"] == ("FRAUD" if labels[each["transaction_id"]] else "LEGITIMATE")
                for each in alerts
            )
            assert as_labelled > ALERTS / 2
            assert {each["assigned_to"] for each in alerts} <= {"anna", "ben", "mira"}
    finally:
        await scoring.stop()
