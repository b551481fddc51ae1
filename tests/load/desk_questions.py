"""Questions about what people leave: cases, rules, labels, webhooks, users and their record."""

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Connection, Table, select

from gateway.db.tables.case_files import case_files
from gateway.db.tables.people import access_events, users
from gateway.db.tables.suppressions import suppressions
from gateway.db.tables.webhooks import webhooks
from gateway.domain.pagination import AlertSort, Position, encode_cursor, encode_time_cursor

Question = Callable[[], str]

_SAMPLE = 500


class Desk:
    """Rows of the smaller tables of a database that fill_desk.py has filled."""

    def __init__(self, connection: Connection, generator: random.Random) -> None:
        self._generator = generator
        self._rows = {
            table.name: list(connection.execute(select(table).limit(_SAMPLE)))
            for table in (case_files, suppressions, webhooks, users, access_events)
        }

    def some(self, table: Table) -> Any:
        return self._generator.choice(self._rows[table.name])


def desk_questions(
    desk: Desk, generator: random.Random, alert: Callable[[], Any], transaction: Callable[[], Any]
) -> dict[str, Question]:
    """Return what to ask, by route and kind."""

    def mine(**fixed: Any) -> str:
        query = {"analyst_id": f"analyst-{generator.randrange(24):02}"} | fixed
        return f"/api/queue/mine?{urlencode(query)}"

    def mine_behind() -> str:
        row = alert()
        position = Position(AlertSort.PRIORITY, row.queue_rank, row.alert_id, is_open=True)
        return mine(cursor=encode_cursor(position))

    def cases(**fixed: Any) -> str:
        chosen = {
            "status": generator.choice(["OPEN", "CLOSED", "ALL"]),
            "assigned_to": generator.choice(["analyst-00", "nobody", "ALL"]),
        }
        return f"/api/cases?{urlencode(chosen | fixed)}"

    def cases_behind() -> str:
        row = desk.some(case_files)
        return cases(cursor=encode_time_cursor("cases", row.created_time, row.case_id))

    def of(path: str, table: Table) -> Question:
        # The first column of each is its id.
        return lambda: path.format(desk.some(table)[0])

    return {
        "GET /api/queue/mine": mine,
        "GET /api/queue/mine (cursor)": mine_behind,
        "GET /api/cases": cases,
        "GET /api/cases (cursor)": cases_behind,
        "GET /api/cases/suggestion": lambda: f"/api/cases/suggestion?alert_id={alert().alert_id}",
        "GET /api/cases/{case_id}": of("/api/cases/{}", case_files),
        "GET /api/suppressions": lambda: (
            f"/api/suppressions?status={generator.choice(['active', 'ended', 'ALL'])}"
        ),
        "GET /api/suppressions/{suppression_id}": of("/api/suppressions/{}", suppressions),
        "GET /api/suppressions/{suppression_id}/hits": of(
            "/api/suppressions/{}/hits", suppressions
        ),
        "GET /api/labels/{transaction_id}": lambda: (
            f"/api/labels/{quote(transaction().transaction_id)}"
        ),
        "GET /api/webhooks": lambda: "/api/webhooks",
        "GET /api/webhooks/{webhook_id}": of("/api/webhooks/{}", webhooks),
        "GET /api/webhooks/{webhook_id}/deliveries": of("/api/webhooks/{}/deliveries", webhooks),
        "GET /api/users": lambda: f"/api/users?page={generator.randrange(1, 4)}",
        "GET /api/users/{user_id}": of("/api/users/{}", users),
        "GET /api/tokens": lambda: "/api/tokens",
        "GET /api/access-events": lambda: "/api/access-events",
        "GET /api/access-events (before)": lambda: (
            f"/api/access-events?before={desk.some(access_events).event_id}"
        ),
        "GET /api/auth/me": lambda: "/api/auth/me",
    }
