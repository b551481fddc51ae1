"""The alert list against a plain list of the same alerts: every filter, order, search and depth."""

from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from gateway.db.engine import Database
from gateway.db.repositories import alert_list, alert_places
from gateway.domain.alert import Alert, AlertPage
from gateway.domain.enumerations import AlertStatus, Severity
from gateway.domain.pagination import AlertQuery, AlertSort
from gateway.errors import InvalidArgumentError
from tests.support import alert_values

_ALERTS = 150
_ORDER = {
    AlertSort.TIMESTAMP: lambda alert: (alert.raised_time, alert.alert_id),
    AlertSort.RISK_SCORE: lambda alert: (alert.risk_score, alert.alert_id),
    AlertSort.PRIORITY: lambda alert: (alert.is_open, alert.queue_rank, alert.alert_id),
}


def some_alerts(number: int = _ALERTS) -> list[Alert]:
    generator = Random(7)
    made = []
    for index in range(number):
        status = generator.choice(list(AlertStatus))
        raised = alert_values.INGEST_TIME - timedelta(hours=generator.randrange(40))
        made.append(
            msgspec.structs.replace(
                alert_values.alert(
                    f"tx-{index:03}",
                    account_id=f"acc-{generator.randrange(12)}",
                    severity=generator.choice(list(Severity)),
                    risk_score=float(generator.randrange(50, 60)),
                    ingest_time=raised,
                ),
                status=status,
                is_open=status in {AlertStatus.ACTIVE, AlertStatus.INVESTIGATING},
                entity=generator.choice(["Größe", "shop", "shop-\N{GRINNING FACE}", "\U0010ffff"]),
            )
        )
    return made


def expected(alerts: list[Alert], query: AlertQuery) -> list[str]:
    found = [
        alert
        for alert in alerts
        if query.status in {None, alert.status}
        and query.severity in {None, alert.severity}
        and any(
            text.startswith(query.search)
            for text in (alert.alert_id, alert.entity, alert.account_id, alert.transaction_id)
        )
    ]
    found.sort(key=_ORDER[query.sort], reverse=True)
    return [alert.alert_id for alert in found]


async def page_of(database: Database, query: AlertQuery) -> AlertPage:
    async with database.read() as unit:
        return await unit.alerts.page(query)


async def walked(database: Database, query: AlertQuery) -> list[str]:
    """Return the ids of all pages by cursor."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await page_of(database, msgspec.structs.replace(query, cursor=cursor))
        found += [alert.alert_id for alert in page.alerts]
        cursor = page.next_cursor
    return found


@pytest.fixture
async def stored(database: Database) -> list[Alert]:
    alerts = some_alerts()
    async with database.write() as unit:
        await unit.alerts.add(alerts)
    return alerts


@pytest.mark.parametrize("sort", list(AlertSort))
@pytest.mark.parametrize(
    "search", ["", "acc-1", "alr_tx-0", "Gr", "shop-", "\U0010ffff", "nothing"]
)
@pytest.mark.parametrize("counted", [1_000, 5], ids=["sorted", "walked"])
async def test_list_is_that_of_a_plain_list(
    database: Database,
    stored: list[Alert],
    monkeypatch: pytest.MonkeyPatch,
    sort: AlertSort,
    search: str,
    counted: int,
) -> None:
    monkeypatch.setattr(alert_list, "SEARCH_COUNT_MAX", counted)
    # Shorter than the list, so that some pages end where the walk does.
    monkeypatch.setattr(alert_list, "SEARCH_WALK_MAX", 13)
    for status in (None, AlertStatus.ACTIVE, AlertStatus.RESOLVED):
        for severity in (None, Severity.HIGH):
            query = AlertQuery(limit=7, sort=sort, status=status, severity=severity, search=search)
            wanted = expected(stored, query)
            assert await walked(database, query) == wanted, query
            first = await page_of(database, query)
            if first.total_is_lower_bound:
                assert first.total <= len(wanted)
                continue
            assert first.total == len(wanted)
            second = await page_of(database, msgspec.structs.replace(query, page=2))
            assert [alert.alert_id for alert in second.alerts] == wanted[7:14]


@pytest.mark.parametrize("sort", list(AlertSort))
async def test_pages_far_back_are_those_of_a_plain_list(
    database: Database, stored: list[Alert], monkeypatch: pytest.MonkeyPatch, sort: AlertSort
) -> None:
    for module in (alert_list, alert_places):
        monkeypatch.setattr(module, "PLACE_STEP", 10)
    for status in (None, AlertStatus.RESOLVED):
        for severity in (None, Severity.HIGH):
            query = AlertQuery(limit=4, sort=sort, status=status, severity=severity)
            wanted = expected(stored, query)
            for number in (20, 3, 4, 6, 1, 2, 5, len(wanted) // 4, len(wanted) // 4 + 1, 40):
                page = await page_of(database, msgspec.structs.replace(query, page=number))
                start = 4 * (number - 1)
                assert [alert.alert_id for alert in page.alerts] == wanted[start : start + 4]
                assert page.total == len(wanted)


async def test_page_numbers_reach_so_far_and_say_so(
    database: Database, stored: list[Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_list, "PAGED_ROWS_MAX", 100)
    assert len((await page_of(database, AlertQuery(limit=10, page=10))).alerts) == 10
    assert (await page_of(database, AlertQuery(limit=10, page=16))).alerts == []
    with pytest.raises(InvalidArgumentError, match=r"page must be at most 10 .* was 11"):
        await page_of(database, AlertQuery(limit=10, page=11))


async def add_and_fail(database: Database) -> None:
    async with database.write() as unit:
        await unit.alerts.add([alert_values.alert("tx-undone")])
        raise LookupError


async def test_counts_follow_every_change(database: Database, stored: list[Alert]) -> None:
    def counted(alerts: list[Alert]) -> dict[Any, int]:
        found: dict[Any, int] = {}
        for alert in alerts:
            key = (alert.status, alert.severity)
            found[key] = found.get(key, 0) + 1
        return found

    async with database.read() as unit:
        assert await unit.alerts.counts() == counted(stored)
    generator = Random(8)
    changed = [
        msgspec.structs.replace(
            alert,
            status=generator.choice(list(AlertStatus)),
            severity=generator.choice(list(Severity)),
        )
        for alert in stored
    ]
    async with database.write() as unit:
        for alert in changed:
            assert await unit.alerts.change(alert, 1)
    async with database.read() as unit:
        assert await unit.alerts.counts() == counted(changed)
    with pytest.raises(LookupError):
        await add_and_fail(database)
    async with database.read() as unit:
        assert await unit.alerts.counts() == counted(changed)
