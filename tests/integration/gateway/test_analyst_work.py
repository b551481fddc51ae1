"""What each analyst decided, how fast, and what is with whom, over REST and on both databases."""

from typing import Any

import httpx

from tests.support.alerts import raise_alert


async def decide(client: httpx.AsyncClient, alert_id: str, analyst: str, decision: str) -> None:
    body = {"decision": decision, "analyst_id": analyst}
    answer = await client.post(f"/api/investigations/{alert_id}/decision", json=body)
    assert answer.status_code == 200, answer.text


async def claim(client: httpx.AsyncClient, alert_id: str, analyst: str) -> None:
    answer = await client.post(f"/api/alerts/{alert_id}/claim", json={"analyst_id": analyst})
    assert answer.status_code == 200, answer.text


async def work_of(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/api/analytics/analysts", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["is_complete"]
    return {each.pop("analyst_id"): each for each in answer.json()["data"]}


async def test_work_is_counted_by_analyst(gateway: httpx.AsyncClient) -> None:
    assert await work_of(gateway) == {}
    alerts = [
        await raise_alert(
            gateway, f"tx-{number}", source_account=f"a-{number}", entity_id=f"a-{number}"
        )
        for number in range(5)
    ]
    await claim(gateway, alerts[0], "ana")
    await decide(gateway, alerts[0], "ana", "FRAUD")
    await decide(gateway, alerts[1], "ana", "LEGITIMATE")
    await decide(gateway, alerts[2], "ben", "REVIEW")
    await claim(gateway, alerts[3], "cleo")
    found = await work_of(gateway, range="24h")
    assert list(found) == ["ana", "ben", "cleo"]
    handling = found["ana"].pop("handling_seconds_median")
    # Of her two decisions only one was on an alert that she had claimed before.
    assert 0 <= handling < 60
    assert found["ana"] == {
        "decisions": 2, "frauds": 1, "legitimate": 1, "reviews": 0, "open_alerts": 0,
    }  # fmt: skip
    assert found["ben"] == {
        "decisions": 1, "frauds": 0, "legitimate": 0, "reviews": 1, "open_alerts": 1,
        "handling_seconds_median": None,
    }  # fmt: skip
    assert (found["cleo"]["decisions"], found["cleo"]["open_alerts"]) == (0, 1)


async def test_unknown_range_is_refused(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/api/analytics/analysts", params={"range": "1y"})
    assert answer.status_code == 422
    assert answer.json()["details"]["fields"][0]["field"] == "range"
