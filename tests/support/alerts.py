"""Raising alerts through REST."""

from datetime import UTC, datetime
from typing import Any

import httpx

from tests.support.waiting import eventually


def body(transaction_id: str, amount: float = 85.5, **changes: Any) -> dict[str, Any]:
    return {
        "transaction_id": transaction_id,
        "amount": amount,
        "timestamp": datetime.now(UTC).isoformat(),
        "source_account": "account-1",
        "destination_account": "account-2",
        "entity_id": "account-1",
        "entity_type": "ACCOUNT",
        "currency": "EUR",
    } | changes


async def raise_alert(client: httpx.AsyncClient, transaction_id: str, **changes: Any) -> str:
    answer = await client.post("/api/detection/evaluate", json=body(transaction_id, **changes))
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["alert_id"]
    path = f"/api/alerts/{data['alert_id']}"

    async def readable() -> bool:
        return (await client.get(path)).status_code == 200

    if not data["alert_readable"]:
        await eventually(readable)
    return str(data["alert_id"])
