"""One trace joins a REST call, the call to the scoring server, and the database, when asked for."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.alerts import body
from tests.support.otlp_receiver import OtlpReceiver, running_receiver
from tests.support.product import product, wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
EVALUATE = "POST /api/detection/evaluate"
SCORE = "anomaly.v1.ScoringService/Score"
PERSONAL = {
    "source_account": "account-4711",
    "ip_address": "203.0.113.77",
    "device_fingerprint": "device-0815",
}


def of_trace(receiver: OtlpReceiver, trace: str) -> list[dict[str, Any]]:
    return [span for span in list(receiver.spans) if span["trace"] == trace]


def named(spans: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [span for span in spans if span["name"] == name]


@pytest.mark.parametrize("transport", ["fast", "stock"])
def test_one_trace_joins_all_three(tmp_path: Path, transport: str) -> None:
    with (
        running_receiver() as receiver,
        product(
            tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
            OTEL_BSP_SCHEDULE_DELAY="50",
            SCORING_TRANSPORT=transport,
        ) as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        headers = {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": "traced-1"}
        payment = body("tx-secret-1", **PERSONAL)
        assert client.post("/api/detection/evaluate", json=payment, headers=headers).is_success
        found = client.get("/api/alerts", params={"search": "account-4711"}, headers=headers)
        assert found.is_success
        assert client.get("/api/alerts/account-4711", headers=headers).status_code == 404
        assert client.get("/nowhere/account-4711", headers=headers).status_code == 404

        def look() -> bool:
            spans = of_trace(receiver, TRACE)
            return len(named(spans, SCORE)) == 2 and bool(named(spans, "GET unmatched"))

        wait_for("spans", look, 30)
        wait_for("statements", lambda: _statements(receiver), 30)
        spans = of_trace(receiver, TRACE)
        (request,) = named(spans, EVALUATE)
        assert (request["service"], request["parent"]) == ("anomaly-gateway", CALLER)
        call, served = sorted(named(spans, SCORE), key=lambda span: span["service"])
        assert (call["service"], call["parent"]) == ("anomaly-gateway", request["id"])
        assert (served["service"], served["parent"]) == ("anomaly-scoring-server", call["id"])
        assert 0 < served["nanoseconds"] <= call["nanoseconds"] <= request["nanoseconds"]
        (listed,) = named(spans, "GET /api/alerts")
        assert listed["id"] in {span["parent"] for span in _statements(receiver)}
        assert "traced-1" in str(request["said"])
        everything = b"".join(receiver.raw)
        for value in (*PERSONAL.values(), "tx-secret-1"):
            assert value.encode() not in everything
        # What the gateway does by itself, such as following the feed, fills no collector.
        assert {span["trace"] for span in receiver.spans} == {TRACE}


def _statements(receiver: OtlpReceiver) -> list[dict[str, Any]]:
    return named(of_trace(receiver, TRACE), "database select")


@pytest.mark.parametrize("server", ["gateway", "scoring_server"])
def test_without_traces_nothing_of_them_is_imported(server: str) -> None:
    script = f"""
import sys
if {server!r} == "gateway":
    from gateway.app import build
    from gateway.config import load_config
    build(load_config({{}}))
else:
    import scoring_server.app
# Litestar looks for their constants by itself.
print([name for name in ("opentelemetry.sdk", "opentelemetry.trace") if name in sys.modules])
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
