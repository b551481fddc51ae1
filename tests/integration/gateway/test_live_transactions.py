"""Watching transactions as they come in."""

import asyncio
from contextlib import AsyncExitStack

from tests.support.alerts import body, raise_alert
from tests.support.event_stream import EventSource, event_source
from tests.support.gateway_process import Start
from tests.support.scripted_scoring_server import ScriptedScoringServer, alert_id_of, payment

PATH = "/api/live/transactions"


async def ids(source: EventSource, number: int) -> list[str]:
    return [event.data["transaction_id"] for event in await source.take(number)]


async def test_transactions_are_told_from_a_risk_score_on(start: Start) -> None:
    async with start() as here, start() as there, AsyncExitStack() as stack:
        await raise_alert(here, "tx-before")

        async def watch(risk: str) -> EventSource:
            source = event_source(here, PATH, params={"min_risk": risk})
            return await stack.enter_async_context(source)

        everything, grave, odd = await watch("0"), await watch("80"), await watch("56.5")
        for name, amount in (("tx-1", 10.0), ("tx-2", 55.0), ("tx-3", 56.5), ("tx-4", 90.0)):
            await there.post("/api/detection/evaluate", json=body(name, amount))
        events = await everything.take(4)
        assert {event.name for event in events} == {"transaction"}
        assert [event.data["transaction_id"] for event in events] == [
            f"tx-{n}" for n in range(1, 5)
        ]
        assert events[0].data["risk_score"] == 10.0
        assert events[0].data["alert_id"] is None
        assert events[0].data["source_account"] == "account-1"
        assert events[3].data["alert_id"] == alert_id_of("tx-4")
        assert events[3].data["severity"] == "HIGH"
        assert events[3].event_id == ""
        assert await ids(grave, 1) == ["tx-4"]
        assert await ids(odd, 2) == ["tx-3", "tx-4"]
        figures = (await here.get("/metrics")).text
        assert "\ngateway_live_clients 3.0" in figures
        for wrong in ("-1", "101", "high"):
            refused = await here.get(PATH, params={"min_risk": wrong})
            assert refused.status_code == 422
            assert [each["field"] for each in refused.json()["details"]["fields"]] == ["min_risk"]


async def test_of_many_the_newest_are_told(start: Start, scoring: ScriptedScoringServer) -> None:
    many = 2_000
    async with start() as client, event_source(client, PATH) as source:
        for index in range(many):
            await scoring.score(payment(f"tx-{index}", account_id=f"account-{index}"))
        got: list[str] = []
        async with asyncio.timeout(60):
            while f"tx-{many - 1}" not in got:
                got += await ids(source, 1)
        assert len(set(got)) == len(got) < many
        assert [int(name[3:]) for name in got] == sorted(int(name[3:]) for name in got)
