"""The counts of analytics, the slow and obvious way: from what is stored, one cell at a time."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from gateway.db.engine import Database
from gateway.db.tables.analytics import (
    label_delays,
    label_reports,
    money_rollups,
    performance_rollups,
    score_rollups,
)
from gateway.db.tables.feed import transactions

COUNTED = (performance_rollups, score_rollups, money_rollups, label_delays)
Counts = dict[str, dict[tuple[Any, ...], tuple[int, ...]]]


async def stored_counts(database: Database) -> Counts:
    """Return the counts as they are kept, without cells that are all zero."""
    found: Counts = {}
    async with database._engine.connect() as connection:
        for table in COUNTED:
            width = len(table.primary_key.columns)
            found[table.name] = {
                tuple(row[:width]): tuple(int(count) for count in row[width:])
                for row in await connection.execute(select(table))
                if any(row[width:])
            }
    return found


async def recounted(database: Database) -> Counts:
    """Return the counts as they should be."""
    async with database._engine.connect() as connection:
        everything = [
            dict(row) for row in (await connection.execute(select(transactions))).mappings()
        ]
        said = [
            dict(row)
            for row in (
                await connection.execute(select(label_reports).order_by(label_reports.c.position))
            ).mappings()
        ]
    cells: dict[str, Counter[Any]] = {table.name: Counter() for table in COUNTED}
    for each in everything:
        about = sorted(
            (label for label in said if label["transaction_id"] == each["transaction_id"]),
            key=lambda label: label["known_time"],
        )
        for table, key, names in _cells_of(each, about):
            for name, count in names.items():
                cells[table][key, name] += count
    return {
        table.name: _rows(cells[table.name], [c.name for c in table.columns if not c.primary_key])
        for table in COUNTED
    }


def _cells_of(each: Mapping[str, Any], about: list[dict[str, Any]]) -> list[Any]:
    value = about[-1]["value"] if about else "WITHDRAWN"
    fraud, legitimate = int(value == "FRAUD"), int(value == "LEGITIMATE")
    alerted = int(each["alert_id"] is not None)
    amount = each["amount_minor"] or 0
    score = int(each["risk_score"] // 1)
    happened: datetime = each["event_time"]
    hour = datetime(happened.year, happened.month, happened.day, happened.hour, tzinfo=UTC)
    day = datetime(happened.year, happened.month, happened.day, tzinfo=UTC)
    found: list[Any] = []
    for grain, start in (("HOUR", hour), ("DAY", day), ("TOTAL", datetime(1970, 1, 1, tzinfo=UTC))):
        version, kind = each["model_version"], each["kind"]
        counts = {
            "transactions": 1,
            "alerted": alerted,
            "fraud": fraud,
            "fraud_alerted": fraud * alerted,
            "legitimate": legitimate,
            "legitimate_alerted": legitimate * alerted,
        }
        found.append(("performance_rollups", (grain, start, version, kind), counts))
        counts = {"transactions": 1, "fraud": fraud}
        found.append(("score_rollups", (grain, start, version, kind, score), counts))
        counts |= {"amount_minor": amount, "fraud_minor": amount * fraud}
        found.append(("money_rollups", (grain, each["currency"], start, kind, score), counts))
    if fraud:
        since = about[-1]["known_time"]
        while about and about[-1]["value"] == "FRAUD":
            since = about.pop()["known_time"]
        days = 0
        while days < 180 and happened + timedelta(days=days + 1) <= since:
            days += 1
        found.append(("label_delays", (day, bool(alerted), days), {"frauds": 1}))
    return found


def _rows(cells: Counter[Any], names: list[str]) -> dict[tuple[Any, ...], tuple[int, ...]]:
    keys = {key for key, _ in cells}
    rows = {key: tuple(cells[key, name] for name in names) for key in keys}
    return {key: row for key, row in rows.items() if any(row)}
