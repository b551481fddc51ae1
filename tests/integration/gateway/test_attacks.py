"""What nobody well-meaning sends, over real sockets: refused as what it is, and never our fault."""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from gateway.db.engine import Database
from gateway.domain.permission import Role
from tests.support.alerts import raise_alert
from tests.support.gateway_process import LOG, serving
from tests.support.people import SECRET, add_user, bearer, log_in
from tests.support.scripted_scoring_server import ScriptedScoringServer

ODD_QUERY = ("a\x00b", "9" * 30, "-1", "1e400", "NaN", "\U0001d4b3'\";--%_", "9999-12-31T23:59:59Z")
ODD_PATH = ("a%00b", "%ff%fe", "%ed%a0%80", "..%2f..%2fx", "%0d%0aX:y", "9" * 30)
ODD_JSON = (b'"a\\u0000b"', b'"\\ud800"', b'"\xff"', b"9" * 30, b"1e999", b"NaN", b"-1", b"[{}]")
DEEP = (b"[" * 100_000, b'{"a":' * 50_000)
OTHER_SECRET = "kP3v-8Qz1_wYt6Rb0NnXe5Lg2HsUd7Jc"


def unlimited(database_url: str, scoring: ScriptedScoringServer) -> dict[str, str]:
    """Return the environment of a gateway without rate limits."""
    return {
        "DATABASE_URL": database_url.replace("+aiosqlite", ""),
        "SCORING_TARGET": scoring.target,
        "RATE_LIMIT_REQUESTS": "0",
    }


@pytest.fixture
async def served(
    database_url: str, scoring: ScriptedScoringServer, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(tmp_path, **unlimited(database_url, scoring)) as client:
        client.timeout = httpx.Timeout(30)
        yield client


@pytest.fixture
def one_database(tmp_path: Path, migrated_sqlite: Path) -> str:
    path = tmp_path / "gateway.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


def operations(description: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in description["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def body_fields(description: Any, operation: Any) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    while "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return dict(schema.get("properties", {}))


async def answers(
    client: httpx.AsyncClient, method: str, path: str, **given: Any
) -> tuple[int, bytes]:
    async with client.stream(method, path, **given) as answer:
        if "event-stream" in answer.headers.get("content-type", ""):
            return answer.status_code, b""
        return answer.status_code, await answer.aread()


def odd_requests(description: Any, alert_id: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a request for each odd value in each place of each operation."""
    for method, template, operation in operations(description):
        parameters = operation.get("parameters", [])
        usual = template
        for name in (each["name"] for each in parameters if each["in"] == "path"):
            usual = usual.replace(f"{{{name}}}", alert_id)
            yield from ((method, template.replace(f"{{{name}}}", odd), {}) for odd in ODD_PATH)
        for name in (each["name"] for each in parameters if each["in"] == "query"):
            yield from ((method, usual, {"params": {name: odd}}) for odd in ODD_QUERY)
        fields = body_fields(description, operation)
        for field, odd in itertools.product(fields, ODD_JSON):
            rest = json.dumps({name: "x" for name in fields if name != field}).encode()
            raw = b'{"' + field.encode() + b'":' + odd + b"," + rest[1:]
            yield method, usual, {"content": raw.replace(b",}", b"}")}


async def test_odd_values_everywhere_are_never_our_fault(
    served: httpx.AsyncClient, tmp_path: Path
) -> None:
    alert_id = await raise_alert(served, "tx-1")
    description = (await served.get("/openapi.json")).json()
    statuses = [
        (method, path, str(given)[:200], (await answers(served, method, path, **given))[0])
        for method, path, given in odd_requests(description, alert_id)
    ]
    assert len(statuses) > 500
    assert [each for each in statuses if each[-1] >= 500] == []
    assert "Traceback" not in (tmp_path / LOG).read_text()


async def test_nul_is_named_and_changes_nothing(served: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(served, "tx-1")
    notes = f"/api/investigations/{alert_id}/notes"
    refused = [
        await served.get("/api/alerts", params={"search": "a\x00b"}),
        await served.get("/api/alerts/a%00b"),
        await served.post(notes, json={"content": "a\x00b"}),
    ]
    fields = [answer.json()["details"]["fields"] for answer in refused]
    assert [answer.status_code for answer in refused] == [422] * 3
    assert [[fault["field"] for fault in each] for each in fields] == [
        ["search"],
        ["alert_id"],
        ["content"],
    ]
    # An escaped backslash in front of these letters is a text like any other.
    assert (await served.post(notes, json={"content": "\\u0000"})).status_code == 201
    case = (await served.get(f"/api/investigations/{alert_id}")).json()["data"]
    assert [note["content"] for note in case["notes"]] == ["\\u0000"]


@pytest.fixture
async def development(
    one_database: str, scoring: ScriptedScoringServer, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(tmp_path, **unlimited(one_database, scoring)) as client:
        yield client


async def test_deep_bodies_are_refused(development: httpx.AsyncClient, tmp_path: Path) -> None:
    for path in ("/api/detection/evaluate", "/api/alerts/bulk", "/api/auth/login"):
        for raw in DEEP:
            answer = await development.post(path, content=raw)
            assert answer.status_code in {400, 422}, (path, answer.text)
    nested = b'{"username":' + DEEP[0] + b"}"
    answer = await development.post("/api/auth/login", content=nested)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MALFORMED_JSON")
    assert "Traceback" not in (tmp_path / LOG).read_text()


def raw_request(head: str, body: bytes = b"") -> bytes:
    return head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body


POST = "POST /api/detection/evaluate HTTP/1.1\nHost: localhost\n"
GET = "GET /api/alerts HTTP/1.1\nHost: localhost\n"
# Each with the statuses that are fine; the connection may simply be closed as well.
RAW: dict[str, tuple[bytes, set[int]]] = {
    "two lengths": (raw_request(POST + "Content-Length: 5\nContent-Length: 6", b"abcdef"), {400}),
    "negative length": (raw_request(POST + "Content-Length: -1"), {400}),
    "signed length": (raw_request(POST + "Content-Length: +2", b"{}"), {400}),
    "unknown coding": (raw_request(POST + "Transfer-Encoding: xchunked", b"0\r\n\r\n"), {400}),
    "chunked not last": (
        raw_request(POST + "Transfer-Encoding: chunked, identity", b"0\r\n\r\n"),
        {400},
    ),
    "huge chunk": (raw_request(POST + "Transfer-Encoding: chunked", b"F" * 17 + b"\r\na"), {400}),
    "blank before colon": (raw_request(GET + "X-A : b"), {400}),
    "folded line": (raw_request(GET + "X-A: b\n c"), {400}),
    "NUL in a header": (raw_request(GET + "X-A: b\x00c"), {400}),
    "large header": (raw_request(GET + "X-A: " + "a" * 2_000_000), {431}),
    "many headers": (raw_request(GET + "\n".join(f"X-{n}: a" for n in range(5_000))), {431}),
    "long path": (
        raw_request(f"GET /api/alerts?{'a' * 200_000} HTTP/1.1\nHost: localhost"),
        {414, 422},
    ),
    "trace": (raw_request("TRACE /api/alerts HTTP/1.1\nHost: localhost\nX-Own: hush"), {405}),
    "connect": (raw_request("CONNECT evil.example:443 HTTP/1.1\nHost: localhost"), {404, 405}),
    "foreign host": (raw_request("GET /api/alerts HTTP/1.1\nHost: evil.example:8000"), {403}),
    "second host": (raw_request(GET + "Host: evil.example"), {400, 403}),
    "traversal": (raw_request("GET /../../etc/passwd HTTP/1.1\nHost: localhost"), {404}),
}


async def exchange(port: int, sent: bytes) -> bytes:
    """Return all that comes back to a client that sends its half and then only listens."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        await writer.drain()
        # The gateway may have refused and gone by now: there is no half left to close then.
        with contextlib.suppress(OSError):
            writer.write_eof()
        async with asyncio.timeout(30):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_malformed_requests_get_one_refusal_and_no_more(
    development: httpx.AsyncClient, tmp_path: Path
) -> None:
    port = development.base_url.port
    assert port is not None
    wrong = {}
    for case, (sent, statuses) in RAW.items():
        answer = await exchange(port, sent)
        found = [int(line.split()[1]) for line in answer.split(b"\r\n") if line[:5] == b"HTTP/"]
        if len(found) > 1 or not set(found) <= statuses or b"hush" in answer:
            wrong[case] = (found, answer[:200])
    assert wrong == {}
    assert (await development.get("/health")).status_code == 200
    log = (tmp_path / LOG).read_text()
    assert "Traceback" not in log
    assert "status=500" not in log


async def test_body_that_breaks_off_is_not_our_fault(
    development: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert development.base_url.port is not None
    await exchange(development.base_url.port, raw_request(POST + "Content-Length: 100", b"{"))
    figures = (await development.get("/metrics")).text
    assert 'status="500"' not in figures
    assert "Traceback" not in (tmp_path / LOG).read_text()


async def test_slashes_more_or_less_are_the_same_path(development: httpx.AsyncClient) -> None:
    """What is decided by the path beforehand must see the one that is served."""
    answer = await development.get(f"{development.base_url}//api//alerts")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


async def test_no_method_on_any_route_is_our_fault(development: httpx.AsyncClient) -> None:
    description = (await development.get("/openapi.json")).json()
    for template in description["paths"]:
        path = "/".join("x" if part.startswith("{") else part for part in template.split("/"))
        for method in ("HEAD", "OPTIONS", "TRACE", "PROPFIND", "get"):
            status, content = await answers(development, method, path)
            assert status in {200, 204, 400, 401, 403, 404, 405, 409, 422}, (method, path)
            assert b"Traceback" not in content


def unsigned(header: Any, claims: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims)]
    return ".".join(part.rstrip(b"=").decode() for part in parts) + "."


async def test_tokens_of_another_kind_or_place_open_nothing(
    database_url: str, database: Database, open_gateway: Any
) -> None:
    await add_user(database, "anna", Role.ADMIN)
    async with open_gateway(require_login=True, secret_key=OTHER_SECRET) as elsewhere:
        foreign = await log_in(elsewhere, "anna")
    async with open_gateway(require_login=True, secret_key=SECRET) as client:
        login = await log_in(client, "anna")
        good = login["access_token"]
        claims = json.loads(base64.urlsafe_b64decode(good.split(".")[1] + "=="))
        deep = base64.urlsafe_b64encode(b"[" * 5_000).decode().rstrip("=")
        bad = {
            "refresh token": login["refresh_token"],
            "another instance": foreign["access_token"],
            "alg none": unsigned({"alg": "none", "typ": "JWT"}, claims),
            "empty key": jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("x" * 32)),
            "another audience": jwt.encode(
                {"alg": "HS256"}, claims | {"aud": "other"}, OctKey.import_key(SECRET)
            ),
            "another user": good.split(".")[0] + "." + deep + "." + good.split(".")[2],
            "deep header": f"{deep}.e30.x",
            "signature cut off": good.rpartition(".")[0] + ".",
        }
        for case, token in bad.items():
            answer = await client.get("/api/alerts", headers=bearer(token))
            assert (answer.status_code, answer.json()["error_code"]) == (401, "TOKEN_REFUSED"), case
        as_refresh = await client.post("/api/auth/refresh", json={"refresh_token": good})
        assert as_refresh.status_code == 401
        assert (await client.get("/api/alerts", headers=bearer(good))).status_code == 200
