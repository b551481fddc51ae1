"""The console's pages as they are served: logins, what each may see, and what is written safely."""

from typing import Any

import httpx
import pytest

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import raise_alert
from tests.support.people import PASSWORD, SECRET, add_user

OWN_PAGE = {"X-Console": "1"}
LOGIN: dict[str, Any] = {
    "environment": "production",
    "secret_key": SECRET,
}
STRICT = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"}


async def enter(client: httpx.AsyncClient, name: str) -> httpx.Response:
    body = {"username": name, "password": PASSWORD}
    answer = await client.post("/session/login", json=body, headers=OWN_PAGE)
    # Such cookies go over TLS only, which this client does not speak.
    for cookie in client.cookies.jar:
        cookie.secure = False
    return answer


@pytest.mark.parametrize(
    "path", ["/", "/queue", "/scanner", "/analytics", "/models", "/rules", "/settings"]
)
async def test_pages_load_only_what_is_ours_and_nothing_inline(
    gateway: httpx.AsyncClient, path: str
) -> None:
    answer = await gateway.get(path)
    assert answer.status_code == 200
    assert set(answer.headers["content-security-policy"].split("; ")) > STRICT
    assert "style=" not in answer.text
    assert " onclick" not in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text


async def test_what_customers_wrote_is_text(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    note = {"content": "<script>alert(1)</script>"}
    await gateway.post(f"/api/investigations/{alert_id}/notes", json=note)
    page = await gateway.get(f"/investigations/{alert_id}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    around = await gateway.get(f"/investigations/{alert_id}/surroundings")
    assert "Linked entities" in around.text
    entity = await gateway.get("/entities/ACCOUNT/account-1")
    assert entity.status_code == 200
    assert f"/investigations/{alert_id}" in entity.text
    listed = await gateway.get("/queue", headers={"HX-Request": "true"})
    assert alert_id in listed.text
    assert "<html" not in listed.text


async def test_unknown_alert_and_wrong_filter_are_pages(gateway: httpx.AsyncClient) -> None:
    missing = await gateway.get("/investigations/nothing")
    assert missing.status_code == 404
    assert "There is nothing here" in missing.text
    wrong = await gateway.get("/queue?severity=EXTREME")
    assert wrong.status_code == 422
    assert "severity must be one of" in wrong.text


async def test_login_lives_in_cookies_that_scripts_cannot_read(
    open_gateway: Any, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    async with open_gateway(**LOGIN) as client:
        outside = await client.get("/queue")
        assert outside.status_code == 401
        assert 'id="login"' in outside.text
        entered = await enter(client, "anna")
        assert entered.status_code == 200
        for kept in entered.headers.get_list("set-cookie"):
            assert "HttpOnly" in kept
            assert "SameSite=strict" in kept
            assert "Secure" in kept
        assert "token" not in entered.text
        assert ">anna<" in (await client.get("/queue")).text
        # As a page of another site would send it.
        assert (await client.post("/api/queue/next")).status_code == 401
        assert (await client.post("/api/queue/next", headers=OWN_PAGE)).status_code == 200


async def test_refresh_exchanges_the_cookies_and_logout_takes_them(
    open_gateway: Any, database: Database
) -> None:
    await add_user(database, "anna", Role.ANALYST)
    async with open_gateway(**LOGIN) as client:
        await enter(client, "anna")
        before = client.cookies.get("anomaly_refresh")
        refreshed = await client.post("/session/refresh", headers=OWN_PAGE)
        assert refreshed.status_code == 200
        assert client.cookies.get("anomaly_refresh") != before
        assert (await client.post("/session/refresh")).status_code == 400
        for cookie in client.cookies.jar:
            cookie.secure = False
        assert (await client.post("/api/auth/logout", headers=OWN_PAGE)).status_code == 200
        await client.post("/session/forget", headers=OWN_PAGE)
        assert not client.cookies
        assert (await client.get("/")).status_code == 401


async def test_viewers_see_no_buttons_that_would_be_refused(
    open_gateway: Any, database: Database
) -> None:
    await add_user(database, "vera", Role.VIEWER)
    async with open_gateway(**LOGIN) as client:
        await enter(client, "vera")
        page = await client.get("/queue")
        assert page.status_code == 200
        assert "take-next" not in page.text
        settings = await client.get("/settings")
        assert settings.status_code == 200
        assert 'id="users"' not in settings.text
        assert "/api/suppressions" not in settings.text


async def test_who_must_change_the_password_gets_the_form(
    open_gateway: Any, database: Database
) -> None:
    await add_user(database, "nina", Role.ANALYST, must_change_password=True)
    async with open_gateway(**LOGIN) as client:
        await enter(client, "nina")
        page = await client.get("/")
        assert page.status_code == 403
        assert 'id="password"' in page.text


async def test_static_files_count_towards_no_limit(open_gateway: Any) -> None:
    async with open_gateway(rate_limit_requests=1) as client:
        for _ in range(3):
            answer = await client.get("/static/console.css?v=1")
            assert answer.status_code == 200
            assert "css" in answer.headers["content-type"]
        assert (await client.get("/static/../pages.py")).status_code == 404
