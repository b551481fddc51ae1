"""Pages, cursors, orders and filters of the list of alerts."""

import httpx
import pytest

from tests.support.alerts import raise_alert
from tests.support.scripted_scoring_server import alert_id_of


@pytest.mark.parametrize("sort", ["timestamp", "risk_score", "priority"])
async def test_cursor_and_pages_list_the_same_alerts(gateway: httpx.AsyncClient, sort: str) -> None:
    for number in range(7):
        await raise_alert(
            gateway,
            f"tx-{number}",
            amount=50 + 7 * (number % 3),
            source_account=f"account-{number}",
        )
    closed = alert_id_of("tx-3")
    await gateway.post(f"/api/investigations/{closed}/decision", json={"decision": "LEGITIMATE"})
    by_page: list[str] = []
    for page in (1, 2, 3, 4):
        answer = await gateway.get("/api/alerts", params={"sort": sort, "limit": 2, "page": page})
        by_page += [alert["alert_id"] for alert in answer.json()["data"]]
        assert answer.json()["pagination"]["has_next"] is (page < 4)
    by_cursor: list[str] = []
    cursor = ""
    while True:
        answer = await gateway.get(
            "/api/alerts", params={"sort": sort, "limit": 2, "cursor": cursor}
        )
        by_cursor += [alert["alert_id"] for alert in answer.json()["data"]]
        cursor = answer.json()["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert by_page == by_cursor
    assert len(set(by_page)) == 7
    if sort == "priority":
        assert by_page[-1] == closed


async def test_filters_narrow_the_list(gateway: httpx.AsyncClient) -> None:
    for number, amount in enumerate((55, 85, 96)):
        await raise_alert(gateway, f"tx-{number}", amount=amount, source_account=f"a-{number}")
    await gateway.put(f"/api/alerts/{alert_id_of('tx-1')}", json={"status": "INVESTIGATING"})

    async def listed(**params: str) -> list[str]:
        answer = await gateway.get("/api/alerts", params={"sort": "risk_score"} | params)
        return [alert["severity"] for alert in answer.json()["data"]]

    assert await listed() == ["CRITICAL", "HIGH", "MEDIUM"]
    assert await listed(severity="ALL", status="ALL") == ["CRITICAL", "HIGH", "MEDIUM"]
    assert await listed(severity="HIGH") == ["HIGH"]
    assert await listed(status="ACTIVE") == ["CRITICAL", "MEDIUM"]
    assert await listed(status="ACTIVE", severity="HIGH") == []
