"""Rules over REST: what is shown, checked, tried and changed, what is refused and recorded."""

from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.people import SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer

TEXT = '[[rule]]\nname = "big"\nwhen = "amount >= 500"\nthen = "review"\nmode = "live"\n'
FAULTY = TEXT.replace("amount", "amout")
FILE = {"file": "rules.toml", "text": TEXT}


async def put(client: httpx.AsyncClient, revision: str, **body: str) -> httpx.Response:
    return await client.put("/api/rules", json=FILE | body, headers={"If-Match": revision})


async def test_rules_are_shown_changed_and_noted(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    empty = await gateway.get("/api/rules")
    found = empty.json()["data"]
    assert (found["file"], found["text"], found["files"], found["rules"]) == (
        "rules.toml", "", [], [],
    )  # fmt: skip
    assert empty.headers["etag"] == f'"{found["revision"]}"'
    changed = await put(gateway, empty.headers["etag"])
    assert changed.status_code == 200, changed.text
    revision = changed.json()["data"]["revision"]
    assert changed.headers["etag"] == f'"{revision}"'
    assert scoring.rules == {"rules.toml": TEXT}
    shown = (await gateway.get("/api/rules", params={"file": "rules.toml"})).json()["data"]
    assert (shown["text"], shown["revision"], shown["revision_in_use"]) == (
        TEXT, revision, revision,
    )  # fmt: skip
    assert shown["rules"] == [
        {
            "name": "big",
            "mode": "LIVE",
            "then": "review",
            "when": "amount > 1",
            "file": "rules.toml",
            "line": 2,
        }
    ]
    (event,) = (await gateway.get("/api/access-events")).json()["data"]
    assert (event["action"], event["subject"]) == ("RULES_CHANGED", "rules.toml")
    assert event["detail"] == f"from={found['revision']} to={revision}"
    assert event["actor"] == scoring.rule_authors[0]


async def test_check_and_backtest_change_nothing(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    sound = await gateway.post("/api/rules/check", json=FILE)
    assert sound.json()["data"] == {"faults": [], "rules": 1, "live": 1}
    faulty = await gateway.post("/api/rules/check", json=FILE | {"text": FAULTY})
    (fault,) = faulty.json()["data"]["faults"]
    assert (fault["file"], fault["line"], fault["column"]) == ("rules.toml", 3, 9)
    assert "did you mean amount?" in fault["message"]
    told = (await gateway.post("/api/rules/backtest", json=FILE)).json()["data"]
    assert (told["transactions"], told["alerts_without"], told["alerts_with"]) == (400, 5, 10)
    (big,) = told["rules"]
    assert (big["hits"], big["alerted"], big["precision"], big["recall"]) == (8, 3, 66.67, None)
    busy = await gateway.post("/api/rules/backtest", json=FILE | {"text": "# busy"})
    assert (busy.status_code, busy.json()["error_code"]) == (429, "BACKTEST_RUNS")
    assert busy.headers["retry-after"] == "5"
    assert scoring.rules == {}
    assert (await gateway.get("/api/access-events")).json()["data"] == []


async def test_refused_change_says_why_and_is_not_made(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    tag = (await gateway.get("/api/rules")).headers["etag"]
    for path in ("/api/rules/backtest", "/api/rules"):
        method = "POST" if "backtest" in path else "PUT"
        answer = await gateway.request(
            method, path, json=FILE | {"text": FAULTY}, headers={"If-Match": tag}
        )
        assert (answer.status_code, answer.json()["error_code"]) == (422, "RULES_INVALID")
        (fault,) = answer.json()["details"]["faults"]
        assert (fault["line"], fault["column"]) == (3, 9)
        (field,) = answer.json()["details"]["fields"]
        assert field["field"] == "text"
        assert field["message"].startswith("rules.toml:3:9: when: unknown name amout")
    stale = await put(gateway, f'"{"0" * 64}"')
    assert (stale.status_code, stale.json()["error_code"]) == (409, "RULES_STALE")
    assert "look at them again" in stale.json()["message"]
    missing = await gateway.get("/api/rules", params={"file": "other.toml"})
    assert (missing.status_code, missing.json()["error_code"]) == (404, "RULE_FILE_MISSING")
    assert scoring.rules == {}
    assert (await gateway.get("/api/access-events")).json()["data"] == []


@pytest.mark.parametrize(
    ("headers", "body", "field"),
    [
        ({}, FILE, "If-Match"),
        ({"If-Match": '"3"'}, FILE, "If-Match"),
        ({"If-Match": "0" * 64}, FILE | {"file": "../rules.toml"}, "file"),
        ({"If-Match": "0" * 64}, FILE | {"file": "rules"}, "file"),
        ({"If-Match": "0" * 64}, {"file": "rules.toml"}, "text"),
        ({"If-Match": "0" * 64}, FILE | {"text": 7}, "text"),
    ],
)
async def test_bad_request_is_refused_by_its_field(
    gateway: httpx.AsyncClient, headers: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = await gateway.put("/api/rules", json=body, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert [each["field"] for each in answer.json()["details"]["fields"]] == [field]


async def test_viewers_look_and_supervisors_change(
    open_gateway: Any, database: Database, scoring: ScriptedScoringServer
) -> None:
    for role in (Role.ANALYST, Role.SUPERVISOR):
        await add_user(database, f"some-{role}", role)
    async with open_gateway(environment="production", secret_key=SECRET) as client:
        assert (await client.get("/api/rules")).status_code == 401
        client.headers.update(bearer(await log_in(client, "some-analyst")))
        tag = (await client.get("/api/rules")).headers["etag"]
        for path in ("check", "backtest"):
            assert (await client.post(f"/api/rules/{path}", json=FILE)).status_code == 403
        assert (await put(client, tag)).status_code == 403
        assert scoring.rules == {}
        client.headers.update(bearer(await log_in(client, "some-supervisor")))
        assert (await put(client, tag)).status_code == 200
    assert scoring.rule_authors == ["some-supervisor"]


async def test_server_that_is_away_is_said(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    await scoring.stop()
    assert (await gateway.get("/api/rules")).status_code == 503
    assert (await put(gateway, "0" * 64)).status_code == 503
    page = await gateway.get("/rules")
    assert page.status_code == 200
    assert "The scoring server is away" in page.text
