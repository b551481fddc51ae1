"""A gateway as a process of its own, with data that came in as data does: scored and decided."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from anomaly.v1 import event_service_pb2, label_service_pb2, transaction_pb2

from tests.support.alerts import body as evaluate_body
from tests.support.hosted_scoring_server import HostedScoringServer, hosted
from tests.support.product import environment, running, wait_for
from tests.support.scripted_scoring_server import alert_id_of

AMOUNTS = {"MEDIUM": 55.0, "HIGH": 85.0, "CRITICAL": 97.5}
STATUSES = ("ACTIVE", "INVESTIGATING", "RESOLVED", "FALSE_POSITIVE")
ALERTS_OF_EACH = 3
ANALYSTS = ("ana", "ben")
_CLIENT_SECONDS_MAX = 30.0
_CLOSING = {"RESOLVED": "FRAUD", "FALSE_POSITIVE": "LEGITIMATE"}


@dataclass
class Served:
    """A running gateway, its client, and the scoring server behind it."""

    client: httpx.Client
    scoring: HostedScoringServer
    alerts: dict[str, list[str]] = field(default_factory=dict)
    trade_alert: str = ""
    folded_alert: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def payment(self, **changes: Any) -> dict[str, Any]:
        """Return the body of a payment of an account that has no other one."""
        number = next(self._numbers)
        body = evaluate_body(f"tx-{number}", source_account=f"account-{number}") | {
            "entity_id": f"account-{number}",
            "channel": "ECOM",
            "ip_address": "203.0.113.7",
            "device_fingerprint": f"device-{number % 5}",
            "geo_country": "DE",
        }
        return body | changes

    def evaluate(self, **changes: Any) -> dict[str, Any]:
        """Score such a payment and return `data`."""
        answer = self.client.post("/api/detection/evaluate", json=self.payment(**changes))
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def new_alert(self, status: str = "ACTIVE", severity: str = "HIGH", analyst: str = "") -> str:
        """Raise an alert and bring it to a status."""
        alert_id = str(self.evaluate(amount=AMOUNTS[severity])["alert_id"])
        who = {"analyst_id": analyst or ANALYSTS[0]}
        if status == "INVESTIGATING":
            self._post(f"{alert_id}/decision", {"decision": "REVIEW"} | who)
        elif status in _CLOSING:
            decision = {"decision": _CLOSING[status], "notes": "as found", "confidence": 0.9}
            self._post(f"{alert_id}/decision", decision | who)
        return alert_id

    def detail(self, alert_id: str) -> dict[str, Any]:
        data: dict[str, Any] = self.client.get(f"/api/alerts/{alert_id}").json()["data"]
        return data

    def history(self, alert_id: str) -> list[dict[str, Any]]:
        answer = self.client.get(f"/api/investigations/{alert_id}/history")
        history: list[dict[str, Any]] = answer.json()["history"]
        return history

    def fill(self) -> None:
        """Bring in what the reading tests look at."""
        for status in STATUSES:
            self.alerts[status] = [
                self.new_alert(status, severity, analyst)
                for severity in AMOUNTS
                for analyst in (*ANALYSTS, ANALYSTS[0])[:ALERTS_OF_EACH]
            ]
        for amount in (1.0, 25.5, 49.99):
            self.evaluate(amount=amount)
        missed = self.evaluate(amount=30.0)["transaction_id"]
        self._label(str(missed))
        self.folded_alert = str(self._burst())
        self.trade_alert = self._trade()
        self._post(f"{self.alerts['INVESTIGATING'][0]}/notes", {"content": "Called the holder."})
        reopened = self.new_alert("RESOLVED")
        self.client.put(f"/api/alerts/{reopened}", json={"status": "ACTIVE"})
        wait_for("the feed to be taken in", self._is_settled)

    def _burst(self) -> str:
        same = {"source_account": "burst", "entity_id": "burst"}
        found = {self.evaluate(amount=60.0 + step, **same)["alert_id"] for step in range(3)}
        assert len(found) == 1
        return str(found.pop())

    def _trade(self) -> str:
        trade = transaction_pb2.Transaction(
            transaction_id="trade-1",
            trade=transaction_pb2.Trade(
                account_id="trader-1",
                instrument_id="XS0000000001",
                side=transaction_pb2.SIDE_BUY,
                price_nanos=12_340_000_000,
                quantity_micros=90_000_000,
                currency="EUR",
                venue="XETR",
            ),
        )
        trade.event_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None))
        self.scoring.score(trade)
        alert_id = alert_id_of("trade-1")
        path = f"/api/alerts/{alert_id}"
        wait_for("the trade's alert", lambda: self.client.get(path).status_code == 200)
        return alert_id

    def _label(self, transaction_id: str) -> None:
        label = label_service_pb2.Label(
            label_id="chargeback-1",
            transaction_id=transaction_id,
            value=label_service_pb2.LABEL_VALUE_FRAUD,
            source=label_service_pb2.LABEL_SOURCE_CHARGEBACK,
        )
        label.known_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None))
        self.scoring.append(event_service_pb2.Event(label=label))

    def _is_settled(self) -> bool:
        figures = self.client.get("/metrics").text
        return "gateway_feed_lag_events 0.0" in figures and "gateway_label_outbox 0.0" in figures

    def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = self.client.post(f"/api/investigations/{path}", json=body)
        assert answer.is_success, answer.text


@contextmanager
def served(folder: Path, database_url: str, **environ: str) -> Iterator[Served]:
    """Run a gateway on a database, and a scripted scoring server, until the block ends."""
    with hosted() as scoring:
        settings = environment(
            folder / "data", DATABASE_URL=database_url, SCORING_TARGET=scoring.target, **environ
        )
        with running(folder, settings, "gateway") as program:
            url = f"http://127.0.0.1:{program.runtime('gateway.json')['port']}"
            with httpx.Client(base_url=url, timeout=_CLIENT_SECONDS_MAX) as client:
                wait_for("readiness", lambda: client.get("/health/ready").status_code == 200)
                yield Served(client, scoring)
