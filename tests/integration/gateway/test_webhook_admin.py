"""Looking after webhooks: who may, what is refused, what is shown once and what is recorded."""

from typing import Any

import httpx
import pytest
import sqlalchemy

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.people import SECRET, add_user, bearer, log_in

URL = "https://receiver.example/alerts"


async def test_webhook_is_added_listed_changed_and_removed(gateway: httpx.AsyncClient) -> None:
    added = await gateway.post("/api/webhooks", json={"url": URL, "description": " desk "})
    assert added.status_code == 201
    webhook = added.json()["data"]
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    assert len(secret) > 40
    assert added.headers["etag"] == '"1"'
    assert webhook["events"] == ["alert.raised", "alert.changed", "alert.closed"]
    assert (webhook["severity_min"], webhook["active"]) == ("LOW", True)
    assert webhook["description"] == "desk"
    path = f"/api/webhooks/{webhook['webhook_id']}"
    shown = await gateway.get(path)
    assert shown.json()["data"] == webhook
    listed = await gateway.get("/api/webhooks")
    assert listed.json()["data"] == [webhook]
    assert secret not in listed.text + shown.text
    changed = await gateway.patch(
        path, json={"severity_min": "HIGH"}, headers={"If-Match": shown.headers["etag"]}
    )
    assert changed.json()["data"] | {"updated_at": 0} == webhook | {
        "severity_min": "HIGH",
        "version": 2,
        "updated_at": 0,
    }
    for stale in (
        await gateway.patch(path, json={"active": False}, headers={"If-Match": '"1"'}),
        await gateway.patch(path, json={"active": False, "expected_version": 1}),
        await gateway.post(f"{path}/secret", headers={"If-Match": '"1"'}),
    ):
        assert (stale.status_code, stale.json()["error_code"]) == (409, "STALE_VERSION")
    assert (await gateway.delete(path)).status_code == 200
    for method, tail in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/secret"),
        ("POST", "/test"),
        ("GET", "/deliveries"),
        ("POST", "/deliveries/msg_1/redeliver"),
    ):
        assert (await gateway.request(method, path + tail, json={})).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://receiver.example/alerts"),
        ("url", "https://10.0.0.7/alerts"),
        ("url", "https://[fe80::1]/alerts"),
        ("url", "https://169.254.169.254/latest/meta-data"),
        ("url", "https://user:password@receiver.example/"),
        ("url", "ftp://receiver.example/"),
        ("url", ""),
        ("events", []),
        ("events", ["alert.gone"]),
        ("severity_min", "GRAVE"),
        ("description", "x" * 201),
    ],
)
async def test_bad_webhook_is_refused_by_field(
    gateway: httpx.AsyncClient, field: str, value: Any
) -> None:
    good = (await gateway.post("/api/webhooks", json={"url": URL})).json()["data"]
    for answer in (
        await gateway.post("/api/webhooks", json={"url": URL} | {field: value}),
        await gateway.patch(f"/api/webhooks/{good['webhook_id']}", json={field: value}),
    ):
        assert answer.status_code == 422
        assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]
        assert "password@" not in answer.text
    listed = (await gateway.get("/api/webhooks")).json()["data"]
    assert [(each["webhook_id"], each["version"]) for each in listed] == [(good["webhook_id"], 1)]


async def test_there_is_a_most(gateway: httpx.AsyncClient) -> None:
    for _ in range(50):
        assert (await gateway.post("/api/webhooks", json={"url": URL})).status_code == 201
    full = await gateway.post("/api/webhooks", json={"url": URL})
    assert (full.status_code, full.json()["error_code"]) == (409, "WEBHOOKS_MAX")


async def test_admins_alone_and_all_they_do_is_recorded(
    open_gateway: Any, database: Database
) -> None:
    await add_user(database, "root", Role.ADMIN)
    await add_user(database, "anna", Role.SUPERVISOR)
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        anna = bearer(await log_in(client, "anna"))
        assert (await client.get("/api/webhooks", headers=anna)).status_code == 403
        client.headers.update(bearer(await log_in(client, "root")))
        added = (await client.post("/api/webhooks", json={"url": URL})).json()["data"]
        path = f"/api/webhooks/{added['webhook_id']}"
        await client.patch(path, json={"active": False, "events": ["alert.raised"]})
        replaced = (await client.post(f"{path}/secret")).json()["data"]
        async with database._engine.connect() as connection:
            rows = await connection.execute(sqlalchemy.text("SELECT * FROM webhooks"))
            stored = str(rows.all())
        # The secret is stored encrypted, and neither it nor the first stands in the record.
        events = await client.get("/api/access-events")
        for secret in (added["secret"], replaced["secret"]):
            assert secret.removeprefix("whsec_") not in stored + events.text
        await client.delete(path)
        events = await client.get("/api/access-events")
        told = [
            (row["action"], row["actor"], row["detail"])
            for row in events.json()["data"]
            if row["subject"] == added["webhook_id"]
        ]
        assert told == [
            ("WEBHOOK_REMOVED", "root", f"url={URL}"),
            ("WEBHOOK_CHANGED", "root", "secret was replaced"),
            ("WEBHOOK_CHANGED", "root", "active=False events=alert.raised"),
            ("WEBHOOK_ADDED", "root", f"url={URL}"),
        ]
