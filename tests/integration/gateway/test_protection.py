"""What answers carry to protect who asks and who is asked."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import body as evaluate_body
from tests.support.gateway_process import LOG, run, serving
from tests.support.people import PASSWORD, SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """One database is enough here: nothing of it shows in these answers."""
    path = tmp_path / "gateway.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


async def test_every_answer_carries_the_protective_headers(open_gateway: Any) -> None:
    async with open_gateway(rate_limit_requests=6, metrics_path="/figures") as client:
        paths = ["/", "/docs", "/health", "/api/alerts", "/api/nothing", "/nothing", "/figures"]
        answers = [await client.get(path) for path in paths]
        answers.append(await client.post("/api/detection/evaluate", content=b"{"))
        answers += [await client.get("/api/alerts") for _ in range(5)]
        assert answers[-1].status_code == 429
        for answer in answers:
            headers = answer.headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-request-id"]
            assert "strict-transport-security" not in headers
            kept_from_caches = headers.get("cache-control") == "no-store"
            path = answer.request.url.path
            assert kept_from_caches == (path == "/" or path.startswith("/api/"))


async def test_production_asks_browsers_for_tls(open_gateway: Any) -> None:
    async with open_gateway(environment="production", secret_key=SECRET) as client:
        answer = await client.get("/health")
        assert "max-age=63072000" in answer.headers["strict-transport-security"]


async def test_limit_is_told_with_every_answer(open_gateway: Any) -> None:
    async with open_gateway(rate_limit_requests=2, rate_limit_window_seconds=60) as client:
        for remaining in ("1", "0", "0"):
            answer = await client.get("/api/alerts")
            assert answer.headers["ratelimit-policy"] == '"reading";q=2;w=60'
            assert answer.headers["ratelimit"].startswith(f'"reading";r={remaining};t=')
            assert answer.headers["ratelimit-limit"] == "2"
            assert answer.headers["ratelimit-remaining"] == remaining
            assert 1 <= int(answer.headers["ratelimit-reset"]) <= 90
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == answer.headers["ratelimit-reset"]
        assert "ratelimit" not in (await client.get("/health")).headers


async def test_limit_holds_by_client_behind_a_trusted_proxy_only(open_gateway: Any) -> None:
    async def codes(client: httpx.AsyncClient) -> list[int]:
        return [
            (await client.get("/api/alerts", headers={"X-Forwarded-For": address})).status_code
            for address in ("198.51.100.1", "198.51.100.2", "9.9.9.9, 198.51.100.2")
        ]

    async with open_gateway(rate_limit_requests=1) as client:
        assert await codes(client) == [200, 429, 429]
    async with open_gateway(rate_limit_requests=1, trusted_proxies=("127.0.0.0/8",)) as client:
        assert await codes(client) == [200, 200, 429]


async def test_page_of_a_permitted_origin_may_send_tokens_and_read_refusals(
    open_gateway: Any,
) -> None:
    origin = {"Origin": "http://localhost:3000"}
    async with open_gateway(rate_limit_requests=2, require_login=True, secret_key=SECRET) as client:
        asked = await client.options(
            "/api/alerts",
            headers=origin
            | {
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "authorization",
            },
        )
        assert asked.status_code == 204
        assert "authorization" in asked.headers["access-control-allow-headers"].lower()
        refused = await client.get("/api/alerts", headers=origin)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == origin["Origin"]
        limited = await client.get("/api/alerts", headers=origin)
        assert limited.status_code == 429
        assert limited.headers["access-control-allow-origin"] == origin["Origin"]
        foreign = await client.get("/api/alerts", headers={"Origin": "http://evil.example"})
        assert "access-control-allow-origin" not in foreign.headers


async def test_nothing_secret_or_personal_reaches_the_log(
    database_url: str, database: Database, scoring: ScriptedScoringServer, tmp_path: Path
) -> None:
    await add_user(database, "anna", Role.SUPERVISOR)
    environ = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": SECRET,
        "DATABASE_URL": database_url.replace("+aiosqlite", ""),
        "SCORING_TARGET": scoring.target,
    }
    async with serving(tmp_path, **environ) as client:
        wrong = {"username": "anna", "password": "a wrong password"}
        await client.post("/api/auth/login", json=wrong)
        login = await log_in(client, "anna")
        headers = bearer(login)
        payment = evaluate_body(
            "tx-1",
            source_account="account-4711",
            ip_address="203.0.113.77",
            device_fingerprint="device-0815",
        )
        await client.post("/api/detection/evaluate", json=payment, headers=headers)
        await client.get("/api/alerts/account-4711", headers=headers)
        await client.get("/api/alerts", params={"search": "account-4711"}, headers=headers)
        await client.get("/api/alerts", headers=bearer("ans_" + "x" * 40))
        await scoring.stop()
        again = payment | {"transaction_id": "tx-2"}
        failed = await client.post("/api/detection/evaluate", json=again, headers=headers)
        assert failed.status_code == 503
        refreshed = await client.post(
            "/api/auth/refresh", json={"refresh_token": login["refresh_token"]}
        )
        assert refreshed.status_code == 200
    text = (tmp_path / LOG).read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert {"gateway_starts", "request"} <= {line["event"] for line in lines}
    for value in (
        PASSWORD,
        "a wrong password",
        SECRET,
        login["access_token"],
        login["refresh_token"],
        refreshed.json()["data"]["access_token"],
        "x" * 40,
        "account-4711",
        "203.0.113.77",
        "device-0815",
    ):
        assert value not in text


@pytest.mark.parametrize("login", [False, True])
async def test_gateway_without_login_says_so_loudly(tmp_path: Path, login: bool) -> None:
    environ = {"REQUIRE_LOGIN": "true", "SECRET_KEY": SECRET} if login else {}
    async with serving(tmp_path, **environ) as client:
        expected = 401 if login else 200
        assert (await client.get("/api/alerts")).status_code == expected
    text = (tmp_path / LOG).read_text()
    assert ("WARNING: no login" in text) != login
    assert ("anybody_on_this_machine_may_do_everything" in text) != login


@pytest.mark.parametrize("key", ["", "short-key-4711", "0123456789" * 4])
def test_production_does_not_start_with_a_bad_key(tmp_path: Path, key: str) -> None:
    ended = run(tmp_path, "gateway", ENVIRONMENT="production", SECRET_KEY=key)
    assert ended.returncode == 2
    assert "SECRET_KEY must" in ended.stderr
    assert not key or key not in ended.stderr
    assert not list(tmp_path.iterdir())
