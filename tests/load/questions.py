"""What clients ask of a filled gateway: every GET that there is, anywhere in its lists.

Each question is named `GET`, its path template and, where there are several, in brackets which.
"""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Column, Connection, bindparam, select

from gateway.db.tables.alerts import alerts, decisions
from gateway.db.tables.feed import feed_position, transactions
from gateway.domain.enumerations import AlertStatus, CaseDecision, Severity
from gateway.domain.pagination import AlertSort, Position, encode_cursor, encode_time_cursor
from gateway.domain.permission import ROUTES
from tests.load.desk_questions import Desk, desk_questions

Question = Callable[[], str]

_SAMPLE = 2_000
_RANGES = ("7d", "30d", "90d", "all", "24h")
# What is not asked, and why.
NOT_ASKED = {
    "/static/{file_path}": "files",
    "/schema": "the same as /openapi.json",
    "/schema/openapi.json": "the same as /openapi.json",
    "/schema/{path}": "the same as /docs and /redoc",
    "/health/ready": "waits for the scoring server",
    "/api/models": "asks the scoring server, no database",
    "/api/rules": "asks the scoring server, no database",
    "/rules": "asks the scoring server, no database",
    "/api/transactions/{transaction_id}/receipt": "asks the scoring server, no database",
    "/api/transactions/{transaction_id}/explanation": "asks the scoring server, no database",
    "/transactions/{transaction_id}/receipt": "asks the scoring server, no database",
    "/investigations/{alert_id}/explanation": "asks the scoring server; its alert is asked for",
    "/api/auth/oidc/login": "sends the browser away",
    "/api/auth/oidc/callback": "needs an identity provider",
    "/api/live/alerts": "never ends",
    "/api/live/transactions": "never ends",
}


def not_covered(asked: Iterable[str]) -> set[str]:
    """Return the paths of GET routes that no question is about, though one should be."""
    covered = {name.split(" ", 2)[1] for name in asked}
    return {path for method, path in ROUTES if method == "GET"} - covered - NOT_ASKED.keys()


class Samples:
    """Rows from all over the large tables of a database that fill_database.py has filled."""

    def __init__(self, connection: Connection, generator: random.Random) -> None:
        self.generator = generator
        count = connection.scalar(select(feed_position.c.sequence)) or 0
        assert count, "the database is empty: run tests.load.fill_database first"
        self._connection = connection
        self.alerts = self._rows(alerts.c.alert_id, lambda: f"alr_{generator.getrandbits(64):016x}")
        self.decisions = self._rows(
            decisions.c.decision_id, lambda: f"dec_{generator.getrandbits(64):016x}"
        )
        self.transactions = self._rows(
            transactions.c.transaction_id, lambda: f"tx-{generator.randrange(count):010}"
        )
        self.desk = Desk(connection, generator)

    def _rows(self, key: Column[str], some_key: Callable[[], str]) -> list[Any]:
        """Return rows that follow random keys."""
        following = select(key.table).where(key >= bindparam("key")).order_by(key).limit(1)
        found = (
            self._connection.execute(following, {"key": some_key()}).first() for _ in range(_SAMPLE)
        )
        return [row for row in found if row is not None]

    def alert(self) -> Any:
        return self.generator.choice(self.alerts)

    def transaction(self) -> Any:
        return self.generator.choice(self.transactions)

    def decision(self) -> Any:
        return self.generator.choice(self.decisions)


class _Lists:
    """Questions about the list of alerts."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._generator = samples.generator

    def some_sort(self) -> AlertSort:
        return self._generator.choice(list(AlertSort))

    def some_filter(self) -> dict[str, str]:
        chosen: dict[str, str] = {}
        if self._generator.random() < 0.7:
            chosen["status"] = self._generator.choice([*AlertStatus, "ALL"])
        if self._generator.random() < 0.7:
            chosen["severity"] = self._generator.choice([*Severity, "ALL"])
        return chosen

    def cursor(self, sort: AlertSort) -> str:
        """Return a cursor to anywhere in the list."""
        alert = self._samples.alert()
        value = {
            AlertSort.TIMESTAMP: alert.raised_time,
            AlertSort.RISK_SCORE: alert.risk_score,
            AlertSort.PRIORITY: alert.queue_rank,
        }[sort]
        return encode_cursor(Position(sort, value, alert.alert_id, bool(alert.is_open)))

    def of(self, **fixed: Any) -> str:
        return f"/api/alerts?{urlencode({'limit': 20} | fixed)}"

    def deep(self, *, filtered: bool) -> str:
        sort = self.some_sort()
        chosen = self.some_filter() if filtered else {}
        return self.of(sort=sort, cursor=self.cursor(sort), **chosen)

    def searched(self, cut: Callable[[str], str]) -> str:
        alert = self._samples.alert()
        text = self._generator.choice([alert.alert_id, alert.account_id, alert.transaction_id])
        return self.of(sort=self.some_sort(), search=cut(text), **self.some_filter())

    def page(self) -> str:
        return self.of(sort=self.some_sort(), page=self._generator.randrange(1, 5_000))


def questions(samples: Samples) -> dict[str, Question]:
    """Return what to ask, by route and kind."""
    generator = samples.generator
    lists = _Lists(samples)

    def of_alert(path: str) -> Question:
        return lambda: path.format(samples.alert().alert_id)

    def ranged(path: str, *ranges: str) -> Question:
        return lambda: f"{path}?{urlencode({'range': generator.choice(ranges)})}"

    return {
        "GET /api/alerts (first page)": lists.of,
        "GET /api/alerts (10 rows)": lambda: lists.of(limit=10),
        "GET /api/alerts (100 rows)": lambda: lists.of(limit=100),
        "GET /api/alerts (filter)": lambda: lists.of(sort=lists.some_sort(), **lists.some_filter()),
        "GET /api/alerts (cursor)": lambda: lists.deep(filtered=False),
        "GET /api/alerts (cursor, filter)": lambda: lists.deep(filtered=True),
        "GET /api/alerts (page)": lists.page,
        "GET /api/alerts (search, whole id)": lambda: lists.searched(lambda text: text),
        "GET /api/alerts (search, start)": lambda: lists.searched(lambda text: text[:-2]),
        "GET /api/alerts (search, everything)": lambda: lists.searched(lambda text: text[:4]),
        "GET /api/alerts/{alert_id}": of_alert("/api/alerts/{}"),
        "GET /api/investigations/{alert_id}": of_alert("/api/investigations/{}"),
        "GET /api/investigations/{alert_id}/history": of_alert("/api/investigations/{}/history"),
        "GET /api/dashboard/metrics": lambda: "/api/dashboard/metrics",
        "GET /api/dashboard/alerts-trend": ranged(
            "/api/dashboard/alerts-trend", "24h", "7d", "30d"
        ),
        "GET /api/dashboard/severity-distribution": lambda: "/api/dashboard/severity-distribution",
        **_figures(samples),
        **_records(samples),
        **desk_questions(samples.desk, generator, samples.alert, samples.transaction),
        **_pages(samples),
    }


def long_questions() -> dict[str, Question]:
    """Return what is answered with all there is, as a stream."""
    return {
        "GET /api/alerts/export.csv": lambda: "/api/alerts/export.csv",
        "GET /api/feedback/export.csv": lambda: "/api/feedback/export.csv",
    }


def _pages(samples: Samples) -> dict[str, Question]:
    """Questions about the console's pages and the gateway itself."""
    same = (
        "/", "/queue", "/analytics", "/scanner", "/models", "/settings",
        "/docs", "/redoc", "/openapi.json", "/metrics", "/health",
    )  # fmt: skip

    def page(path: str) -> Question:
        return lambda: path

    def investigation(part: str) -> Question:
        return lambda: f"/investigations/{samples.alert().alert_id}{part}"

    return {f"GET {path}": page(path) for path in same} | {
        "GET /investigations/{alert_id}": investigation(""),
        "GET /investigations/{alert_id}/surroundings": investigation("/surroundings"),
        "GET /entities/{entity_type}/{entity_id}": lambda: (
            f"/entities/ACCOUNT/{samples.transaction().account_id}"
        ),
    }


def _figures(samples: Samples) -> dict[str, Question]:
    generator = samples.generator

    def analytics(name: str, **fixed: str) -> Question:
        def ask() -> str:
            chosen = generator.choice(_RANGES[:3] if name == "model-performance" else _RANGES)
            return f"/api/analytics/{name}?{urlencode({'range': chosen} | fixed)}"

        return ask

    def matrix() -> str:
        start = datetime.now(UTC) - timedelta(days=generator.randrange(1, 500))
        end = start + timedelta(days=generator.randrange(1, 90))
        query = {"start_date": f"{start:%Y-%m-%d}", "end_date": f"{end:%Y-%m-%d}"}
        return f"/api/analytics/confusion-matrix?{urlencode(query)}"

    return {
        "GET /api/analytics/metrics": analytics("metrics"),
        "GET /api/analytics/model-performance": analytics("model-performance"),
        "GET /api/analytics/alert-volume (day)": analytics("alert-volume", group_by="day"),
        "GET /api/analytics/alert-volume (hour)": analytics("alert-volume", group_by="hour"),
        "GET /api/analytics/confusion-matrix": matrix,
        "GET /api/analytics/detection-rate": analytics("detection-rate"),
        "GET /api/analytics/trends": analytics("trends"),
        "GET /api/analytics/thresholds": analytics("thresholds"),
        "GET /api/analytics/analysts": analytics("analysts"),
        "GET /api/analytics/label-delay": lambda: "/api/analytics/label-delay",
        "GET /api/analytics/health": lambda: "/api/analytics/health",
    }


def _records(samples: Samples) -> dict[str, Question]:
    """Questions about feedback, transactions and entities."""
    generator = samples.generator

    def feedback(**fixed: Any) -> str:
        chosen = {"decision": generator.choice(["FRAUD", "FALSE_POSITIVE", "ALL"])}
        if generator.random() < 0.5:
            chosen["analyst"] = samples.decision().analyst_id
        return f"/api/feedback?{urlencode(chosen | fixed)}"

    def deep_feedback() -> str:
        row = samples.decision()
        return feedback(cursor=encode_time_cursor("feedback", row.decided_time, row.decision_id))

    def resolution() -> str:
        row = samples.decision()
        while row.decision == CaseDecision.REVIEW:
            row = samples.decision()
        return f"/api/feedback/{row.decision_id}"

    def entity(part: str) -> Question:
        def ask() -> str:
            row = samples.transaction()
            kind, column = generator.choice(
                (("ACCOUNT", "account_id"), ("MERCHANT", "merchant_id"), ("IP", "ip_address"))
            )
            value = getattr(row, column) or row.account_id
            kind = kind if getattr(row, column) else "ACCOUNT"
            return f"/api/entities/{kind}/{quote(value, safe='')}{part}"

        return ask

    def transactions() -> str:
        row = samples.transaction()
        chosen = {"account": row.account_id} if generator.random() < 0.5 else {}
        if row.merchant_id or not chosen:
            chosen |= {"merchant": row.merchant_id or "none"}
        return f"/api/transactions?{urlencode(chosen)}"

    return {
        "GET /api/feedback": feedback,
        "GET /api/feedback (range)": lambda: feedback(
            range=generator.choice(["24h", "7d", "30d", "90d"])
        ),
        "GET /api/feedback (cursor)": deep_feedback,
        "GET /api/feedback/summary": lambda: (
            f"/api/feedback/summary?range={generator.choice(['24h', '7d', '30d', '90d', 'all'])}"
        ),
        "GET /api/feedback/{feedback_id}": resolution,
        "GET /api/feedback/by-analyst/{analyst_id}": lambda: (
            f"/api/feedback/by-analyst/{quote(samples.decision().analyst_id, safe='')}"
        ),
        "GET /api/transactions": transactions,
        "GET /api/transactions/{transaction_id}": lambda: (
            f"/api/transactions/{samples.transaction().transaction_id}"
        ),
        "GET /api/entities/{entity_type}/{entity_id}": entity(""),
        "GET /api/entities/{entity_type}/{entity_id}/timeline": entity("/timeline"),
        "GET /api/entities/{entity_type}/{entity_id}/alerts": entity("/alerts"),
        "GET /api/entities/{entity_type}/{entity_id}/links": entity("/links"),
    }
