"""The dashboard's figures follow what happens, on both databases."""

import httpx

from tests.support.alerts import body, raise_alert


async def test_dashboard_follows_alerts_and_decisions(gateway: httpx.AsyncClient) -> None:
    await gateway.post("/api/detection/evaluate", json=body("tx-0", amount=1))
    ids = [
        await raise_alert(gateway, f"tx-{number}", amount=amount, source_account=f"a-{number}")
        for number, amount in enumerate((55, 85, 96), start=1)
    ]
    await gateway.post(f"/api/investigations/{ids[0]}/decision", json={"decision": "LEGITIMATE"})
    metrics = (await gateway.get("/api/dashboard/metrics")).json()["data"]
    assert metrics["total_transactions"] == 4
    assert metrics["active_alerts"] == 2
    assert metrics["high_risk_alerts"] == 2
    assert metrics["false_positive_rate"] == 100.0
    assert metrics["trends"]["alerts_change_pct"] == 0.0
    assert "alerts_change_pct" in metrics["trends"]["undefined"]
    trend = (await gateway.get("/api/dashboard/alerts-trend")).json()["data"]
    assert len(trend["timestamps"]) == len(trend["values"]) == 24
    assert sum(trend["values"]) == 3
    shares = (await gateway.get("/api/dashboard/severity-distribution")).json()["data"]
    assert [(share["name"], share["value"]) for share in shares] == [
        ("LOW", 0),
        ("MEDIUM", 1),
        ("HIGH", 1),
        ("CRITICAL", 1),
    ]


async def test_unknown_range_is_refused(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/api/dashboard/alerts-trend", params={"range": "1y"})
    assert answer.status_code == 422
    assert answer.json()["details"]["fields"][0]["allowed"] == ["24h", "7d", "30d"]
