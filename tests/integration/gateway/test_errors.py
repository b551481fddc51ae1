"""Every error has the body and the status that the contract promises."""

from typing import Any

import grpc
import httpx
import pytest

from tests.support.alerts import body as evaluate_body
from tests.support.scripted_scoring_server import ScriptedScoringServer

EVALUATE = "/api/detection/evaluate"


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Any, migrated_sqlite: Any) -> str:
    """One database is enough here: nothing of it shows in these answers."""
    path = tmp_path / "gateway.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


def fields(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    body = answer.json()
    assert set(body) == {"error_code", "message", "details", "request_id"}
    assert body["error_code"] == "VALIDATION_ERROR"
    assert answer.status_code == 422
    return {fault["field"]: fault for fault in body["details"]["fields"]}


async def test_every_bad_field_of_a_body_is_named(gateway: httpx.AsyncClient) -> None:
    request = evaluate_body(
        "no spaces",
        amount="ten",
        timestamp="yesterday",
        entity_type="PLANET",
        mcc=10_000,
        latitude=91,
    )
    del request["source_account"]
    named = fields(await gateway.post(EVALUATE, json=request))
    assert set(named) == {
        "transaction_id",
        "amount",
        "timestamp",
        "source_account",
        "entity_type",
        "mcc",
        "latitude",
    }
    assert named["entity_type"]["allowed"][0] == "USER"
    assert named["entity_type"]["message"].endswith(", was 'PLANET'")
    assert named["latitude"]["message"] == "latitude: expected `float` <= 90.0, was 91"
    assert named["transaction_id"]["message"].endswith(", had 9 characters")
    assert "required" in named["source_account"]["message"]


async def test_bad_money_channel_address_and_place_are_named(gateway: httpx.AsyncClient) -> None:
    request = evaluate_body(
        "tx-1", amount=1.001, channel="PIGEON", ip_address="300.1.1.1", latitude=1.0
    )
    named = fields(await gateway.post(EVALUATE, json=request))
    assert set(named) == {"amount", "channel", "ip_address", "longitude"}
    assert "2 decimal places" in named["amount"]["message"]
    assert "MOTO" in named["channel"]["allowed"]


@pytest.mark.parametrize(
    ("amount", "currency", "field"),
    [
        ("0", "EUR", "amount"),
        ("-1", "EUR", "amount"),
        ("0.5", "JPY", "amount"),
        ("1e30", "EUR", "amount"),
        ("1", "XXX", "currency"),
    ],
)
async def test_impossible_money_is_refused(
    gateway: httpx.AsyncClient, amount: str, currency: str, field: str
) -> None:
    body = evaluate_body("tx-1", currency=currency)
    body.pop("amount")
    text = httpx.Request("POST", "/", json=body).content.decode()
    answer = await gateway.post(EVALUATE, content=f'{{"amount": {amount}, {text[1:]}')
    assert set(fields(answer)) == {field}


async def test_exact_amount_reaches_the_scoring_server(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    request = evaluate_body("tx-1", currency="KWD", mcc="5411", geo_country="de")
    request.pop("amount")
    text = httpx.Request("POST", "/", json=request).content.decode()
    answer = await gateway.post(
        EVALUATE,
        content=f'{{"amount": 9999999999.123, {text[1:]}',
        headers={"X-Request-ID": "given-id"},
    )
    assert answer.headers["X-Request-ID"] == "given-id"
    assert scoring.seen_request_ids == ["given-id"]
    sent = scoring.events[0].scored_transaction.transaction.payment
    assert (sent.amount_minor, sent.mcc, sent.country) == (9_999_999_999_123, 5411, "DE")


async def test_fields_that_the_scoring_server_refuses_have_their_rest_names(
    gateway: httpx.AsyncClient,
) -> None:
    answer = await gateway.post(EVALUATE, json=evaluate_body("tx-1", geo_country="ZZ"))
    assert set(fields(answer)) == {"geo_country", "source_account"}


async def test_bad_query_names_every_parameter(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get(
        "/api/alerts", params={"page": 0, "limit": 101, "severity": "BAD", "sort": "color"}
    )
    named = fields(answer)
    assert set(named) == {"page", "limit", "severity", "sort"}
    assert named["page"]["message"] == "page: expected `int` >= 1, was '0'"
    assert named["limit"]["message"] == "limit: expected `int` <= 100, was '101'"
    assert named["severity"]["allowed"] == ["ALL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]


@pytest.mark.parametrize("cursor", ["nonsense", "!!", "bnVsbA", "WzEsMiwzXQ"])
async def test_foreign_cursor_is_refused(gateway: httpx.AsyncClient, cursor: str) -> None:
    assert set(fields(await gateway.get("/api/alerts", params={"cursor": cursor}))) == {"cursor"}


async def test_status_must_be_given_and_known(gateway: httpx.AsyncClient) -> None:
    path = "/api/alerts/any/status"
    assert set(fields(await gateway.patch(path))) == {"status"}
    assert set(fields(await gateway.patch(path, json={}))) == {"status"}
    assert set(fields(await gateway.patch(path, json={"status": "GONE"}))) == {"status"}
    assert set(fields(await gateway.patch(path, params={"status": "GONE"}))) == {"status"}
    answer = await gateway.patch(path, json={"status": "ACTIVE"}, headers={"If-Match": "x"})
    assert set(fields(answer)) == {"If-Match"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/alerts/unknown", None),
        ("PUT", "/api/alerts/unknown", {"status": "ACTIVE"}),
        ("GET", "/api/investigations/unknown", None),
        ("GET", "/api/investigations/unknown/history", None),
        ("POST", "/api/investigations/unknown/decision", {"decision": "FRAUD"}),
        ("POST", "/api/investigations/unknown/notes", {"content": "x"}),
        ("GET", "/api/nothing", None),
    ],
)
async def test_unknown_things_are_not_found(
    gateway: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    answer = await gateway.request(method, path, json=body)
    assert answer.status_code == 404
    assert answer.json()["error_code"] == "NOT_FOUND"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


async def test_body_that_is_no_json_object(gateway: httpx.AsyncClient) -> None:
    malformed = await gateway.post(EVALUATE, content=b"{")
    assert malformed.status_code == 400
    assert malformed.json()["error_code"] == "MALFORMED_JSON"
    assert set(fields(await gateway.post(EVALUATE, content=b"[1]"))) == {"body"}
    assert fields(await gateway.post(EVALUATE))
    large = await gateway.post(EVALUATE, content=b'"' + b"x" * 2_000_000 + b'"')
    assert large.status_code == 413


async def test_wrong_method_is_told(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.delete("/api/alerts/unknown")
    assert answer.status_code == 405
    assert answer.json()["error_code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("code", "status", "retry_after"),
    [
        (grpc.StatusCode.UNAVAILABLE, 503, "1"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 503, "1"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429, "3"),
    ],
)
async def test_scoring_server_in_trouble_says_when_to_come_back(
    gateway: httpx.AsyncClient,
    scoring: ScriptedScoringServer,
    code: grpc.StatusCode,
    status: int,
    retry_after: str,
) -> None:
    scoring.fail_with = code
    answer = await gateway.post(EVALUATE, json=evaluate_body("tx-1"))
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == retry_after


async def test_internal_error_of_the_scoring_server_stays_inside(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    scoring.fail_with = grpc.StatusCode.INTERNAL
    answer = await gateway.post(EVALUATE, json=evaluate_body("tx-1"))
    assert answer.status_code == 500
    assert answer.json()["error_code"] == "INTERNAL"
    assert "scripted" not in answer.text


async def test_rate_limit_refuses_with_retry_after_and_spares_health(open_gateway: Any) -> None:
    async with open_gateway(rate_limit_requests=3) as client:
        codes = [(await client.get("/api/alerts")).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        refused = await client.get("/api/alerts")
        assert 1 <= int(refused.headers["Retry-After"]) <= 80
        assert refused.json()["error_code"] == "RATE_LIMITED"
        assert refused.json()["request_id"]
        for path in ("/health", "/health/ready", "/metrics"):
            # The feed may still be on its way up, so readiness may be a 503; it is never a 429.
            assert (await client.get(path)).status_code in {200, 503}


async def test_readiness_names_each_part(
    gateway: httpx.AsyncClient, scoring: ScriptedScoringServer
) -> None:
    await gateway.post(EVALUATE, json=evaluate_body("tx-1"))
    ready = await gateway.get("/health/ready")
    assert ready.status_code == 200
    assert set(ready.json()["checks"]) == {"scoring_server", "database", "event_feed"}
    await scoring.stop()
    away = await gateway.get("/health/ready")
    assert away.status_code == 503
    assert away.headers["Retry-After"] == "1"
    assert away.json()["checks"]["scoring_server"]["status"] == "unavailable"
    assert away.json()["checks"]["database"]["status"] == "ok"
    alive = (await gateway.get("/health")).json()
    assert alive["status"] == "healthy"
    assert alive["environment"] == "development"


async def test_pages_need_nothing_from_another_host(gateway: httpx.AsyncClient) -> None:
    for path in ("/", "/docs", "/redoc"):
        page = await gateway.get(path)
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
    description = (await gateway.get("/openapi.json")).json()
    decide = description["paths"]["/api/investigations/{alert_id}/decision"]["post"]
    for status in ("400", "409", "422", "503"):
        content = decide["responses"][status]["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
    assert "EvaluateBody" in (await gateway.get("/docs")).text


async def test_figures_count_by_route_template(gateway: httpx.AsyncClient) -> None:
    await gateway.get("/api/alerts/abc")
    await gateway.get("/api/alerts/def")
    figures = await gateway.get("/metrics")
    assert figures.headers["content-type"].count("charset") == 1
    assert (
        'gateway_http_requests_total{method="GET",route="/api/alerts/{alert_id}",status="404"} 2.0'
        in figures.text
    )
    assert "gateway_feed_lag_events 0.0" in figures.text


async def test_frontend_of_another_origin_may_read(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/api/alerts", headers={"Origin": "http://localhost:3000"})
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    other = await gateway.get("/api/alerts", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in other.headers
