"""The character U+0000, which no database text can hold, is refused wherever it comes in."""

from typing import Any

import httpx
import pytest

from tests.support.alerts import body, raise_alert
from tests.support.scripted_scoring_server import alert_id_of

ALERT = alert_id_of("tx-1")


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/api/alerts/a%00b", "alert_id"),
        ("GET", "/api/investigations/%00", "alert_id"),
        ("GET", "/api/cases/a%00", "case_id"),
        ("POST", "/api/alerts/a%00b/claim", "alert_id"),
        ("POST", "/api/suppressions/%00/end", "suppression_id"),
        ("GET", "/api/transactions/%00", "transaction_id"),
    ],
)
async def test_in_a_path_its_parameter_is_named(
    gateway: httpx.AsyncClient, method: str, path: str, field: str
) -> None:
    answer = await gateway.request(method, path)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/alerts?search=%00", "search"),
        ("/api/queue/mine?analyst_id=a%00b", "analyst_id"),
        ("/api/cases?assigned_to=%00", "assigned_to"),
        ("/api/cases/suggestion?alert_id=%00", "alert_id"),
        ("/api/alerts?odd%00=1", "odd"),
    ],
)
async def test_in_a_query_its_parameter_is_named(
    gateway: httpx.AsyncClient, path: str, field: str
) -> None:
    answer = await gateway.get(path)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]


@pytest.mark.parametrize(
    ("path", "given", "field"),
    [
        (f"/api/alerts/{ALERT}/claim", {"analyst_id": "a\0"}, "analyst_id"),
        (f"/api/alerts/{ALERT}/assign", {"analyst_id": "\0"}, "analyst_id"),
        (f"/api/investigations/{ALERT}/notes", {"content": "a\0b"}, "content"),
        (
            f"/api/investigations/{ALERT}/decision",
            {"decision": "FRAUD", "notes": "\0"},
            "notes",
        ),
        ("/api/alerts/bulk", {"action": "claim", "alert_ids": ["\0"]}, "alert_ids"),
        ("/api/alerts/bulk", {"action": "claim", "alert_ids": [{"alert_id": "\0"}]}, "alert_ids"),
        ("/api/cases", {"title": "a\0", "alert_ids": [ALERT]}, "title"),
        (
            "/api/detection/evaluate",
            body("tx-2") | {"device_fingerprint": "\0"},
            "device_fingerprint",
        ),
    ],
)
async def test_in_a_body_its_field_is_named_and_nothing_changes(
    gateway: httpx.AsyncClient, path: str, given: dict[str, Any], field: str
) -> None:
    await raise_alert(gateway, "tx-1")
    answer = await gateway.post(path, json=given)
    assert answer.status_code == 422, answer.text
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]
    alert = (await gateway.get(f"/api/alerts/{ALERT}")).json()["data"]
    assert alert["version"] == 1


async def test_its_name_written_out_is_no_such_character(gateway: httpx.AsyncClient) -> None:
    await raise_alert(gateway, "tx-1")
    answer = await gateway.post(f"/api/investigations/{ALERT}/notes", json={"content": "\\u0000"})
    assert answer.status_code == 201
