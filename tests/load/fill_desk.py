"""Fill what people leave beside transactions and alerts: cases, rules, webhooks, users.

    python -m tests.load.fill_desk

adds it once to DATABASE_URL, or the SQLite file in DATA_DIR, that fill_database.py has filled;
that does it itself by the end.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import argon2
from sqlalchemy import Connection, Engine, Table, create_engine, insert, select

from gateway.clock import utc_now
from gateway.config import load_config
from gateway.db.tables.alerts import alerts
from gateway.db.tables.case_files import case_file_alerts, case_file_events, case_files
from gateway.db.tables.feed import transactions
from gateway.db.tables.people import access_events, service_tokens, users
from gateway.db.tables.suppressions import suppression_events, suppression_hits, suppressions
from gateway.db.tables.webhooks import webhook_deliveries, webhooks
from gateway.db.url import synchronous_url

# One who may do everything, for questions that are a user's own.
ADMIN, PASSWORD = "load-admin", "only in made-up data"
_CASES_MAX, _HITS_MAX, _DELIVERIES, _ACCESS_EVENTS = 20_000, 20_000, 10_000, 50_000
_SUPPRESSIONS, _WEBHOOKS, _USERS, _TOKENS = 400, 3, 60, 20
_STEP = timedelta(minutes=7)
_WHO = "analyst-00"

Rows = Iterator[dict[str, Any]]


def fill_desk(engine: Engine) -> None:
    """Add everything in one transaction."""
    now = utc_now()
    with engine.begin() as connection:
        found = connection.execute(select(alerts).order_by(alerts.c.alert_id).limit(_CASES_MAX))
        _add_cases(connection, list(found), now)
        _add_suppressions(connection, now)
        _add(connection, webhooks, _webhooks(now))
        _add(connection, webhook_deliveries, _deliveries(now))
        _add(connection, users, _users(now))
        _add(connection, service_tokens, _tokens(now))
        _add(connection, access_events, _access(now))


def _add(connection: Connection, table: Table, rows: Rows) -> None:
    if made := list(rows):
        connection.execute(insert(table), made)


def _add_cases(connection: Connection, found: Sequence[Any], now: datetime) -> None:
    members: dict[str, list[Any]] = {}
    # A third of them, those of an account together.
    for alert in found[::3]:
        members.setdefault(alert.account_id, []).append(alert)
    made = [
        {
            "case_id": f"case_{number:08}",
            "version": 1,
            "status": "CLOSED" if number % 3 else "OPEN",
            "title": f"What {account_id} did",
            "owner_id": account_id,
            "assigned_to": _WHO if number % 2 else None,
            "alert_count": len(held),
            "created_by": _WHO,
            "created_time": now - number * _STEP,
            "updated_time": now - number * _STEP,
            "closed_time": now if number % 3 else None,
        }
        for number, (account_id, held) in enumerate(members.items())
    ]
    _add(connection, case_files, iter(made))
    _add(
        connection,
        case_file_alerts,
        (
            {"case_id": case["case_id"], "alert_id": alert.alert_id,
             "is_open": case["status"] == "OPEN"}
            for case in made
            for alert in members[case["owner_id"]]
        ),
    )  # fmt: skip
    _add(
        connection,
        case_file_events,
        (
            {"case_id": case["case_id"], "action": "CREATED", "analyst_id": _WHO,
             "alert_id": None, "content": "", "event_time": case["created_time"]}
            for case in made
        ),
    )  # fmt: skip


def _add_suppressions(connection: Connection, now: datetime) -> None:
    made = [
        {
            "suppression_id": f"sup_{number:08}",
            "version": 1,
            "entity_type": "MERCHANT",
            "entity_id": f"mer-{number:05}",
            "reason_code": None,
            "include_critical": False,
            "comment": "Known to be safe.",
            "created_by": _WHO,
            "created_time": now - number * _STEP,
            "until_time": now + timedelta(days=number - _SUPPRESSIONS // 2),
            "hit_count": _HITS_MAX // _SUPPRESSIONS,
            "last_hit_time": now,
        }
        for number in range(_SUPPRESSIONS)
    ]
    _add(connection, suppressions, iter(made))
    _add(
        connection,
        suppression_events,
        (
            {"suppression_id": rule["suppression_id"], "action": "CREATED", "analyst_id": _WHO,
             "content": "", "detail": "", "event_time": rule["created_time"]}
            for rule in made
        ),
    )  # fmt: skip
    quiet = select(transactions).order_by(transactions.c.transaction_id).limit(_HITS_MAX)
    _add(
        connection,
        suppression_hits,
        (
            {"transaction_id": row.transaction_id,
             "suppression_id": made[number % _SUPPRESSIONS]["suppression_id"],
             "alert_id": f"alr_{row.transaction_id}", "risk_score": 60.0, "severity": "MEDIUM",
             "leading_reason": "NEW_DEVICE", "event_time": row.event_time}
            for number, row in enumerate(connection.execute(quiet))
        ),
    )  # fmt: skip


def _webhooks(now: datetime) -> Rows:
    for number in range(_WEBHOOKS):
        # Nothing is ever sent to them.
        yield {
            "webhook_id": f"wh_{number:08}", "version": 1, "url": "https://example.invalid/hook",
            "description": "", "events": "alert.raised", "severity_min": "LOW", "active": False,
            "disabled_reason": "", "sealed_secret": "", "created_by": ADMIN,
            "created_time": now, "updated_time": now,
        }  # fmt: skip


def _deliveries(now: datetime) -> Rows:
    for number in range(_DELIVERIES):
        yield {
            "delivery_id": f"del_{number:08}", "webhook_id": f"wh_{number % _WEBHOOKS:08}",
            "event_id": number, "event_type": "alert.raised", "body": "{}",
            "status": "DELIVERED" if number % 10 else "DEAD", "attempts": 1,
            "created_time": now - number * _STEP, "next_attempt_time": now,
            "settled_time": now, "last_status": 204, "last_error": "",
        }  # fmt: skip


def _users(now: datetime) -> Rows:
    hasher = argon2.PasswordHasher()
    for number in range(_USERS):
        admin = number == 0
        yield {
            "user_id": f"usr_{number:08}", "name": f"analyst-{number:02}", "role": "analyst",
            "display_name": "", "status": "ACTIVE", "password_hash": "",
            "must_change_password": False, "version": 1, "created_time": now, "updated_time": now,
        } | ({"name": ADMIN, "role": "admin", "password_hash": hasher.hash(PASSWORD)}
             if admin else {})  # fmt: skip


def _tokens(now: datetime) -> Rows:
    for number in range(_TOKENS):
        yield {
            "token_id": f"tok_{number:08}", "name": f"service-{number:02}",
            "token_hash": f"{number:064}", "scopes": "read", "created_by": ADMIN,
            "created_time": now, "expires_time": now, "revoked_time": None,
        }  # fmt: skip


def _access(now: datetime) -> Rows:
    for number in range(_ACCESS_EVENTS):
        yield {
            "event_time": now - (_ACCESS_EVENTS - number) * _STEP, "action": "LOGIN",
            "actor": _WHO, "subject": _WHO, "client": "10.0.0.1", "detail": "",
        }  # fmt: skip


def main() -> None:
    engine = create_engine(synchronous_url(load_config(os.environ).database_url))
    fill_desk(engine)
    engine.dispose()


if __name__ == "__main__":
    main()
