"""What analysts decided: the list, its filters, ranges, summary and counts, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text

from gateway.db.engine import Database
from gateway.domain.alert import DecisionRecord
from gateway.domain.enumerations import CaseDecision
from gateway.services.feedback import FeedbackCounter
from tests.support.alerts import raise_alert


async def decide(
    client: httpx.AsyncClient, alert_id: str, decision: str, analyst: str = "ann"
) -> None:
    answer = await client.post(
        f"/api/investigations/{alert_id}/decision",
        json={"decision": decision, "notes": f"it is {decision}", "analyst_id": analyst},
    )
    assert answer.status_code == 200, answer.text


async def listed(client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get("/api/feedback", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def three_decided(client: httpx.AsyncClient) -> list[str]:
    """Decide three of four alerts, REVIEW first for one; return the ids in that order."""
    ids = [await raise_alert(client, f"tx-{n}", source_account=f"a-{n}") for n in range(4)]
    await decide(client, ids[0], "REVIEW")
    await decide(client, ids[0], "FRAUD")
    await decide(client, ids[1], "LEGITIMATE")
    await decide(client, ids[2], "FRAUD", "bob")
    return ids


async def test_decisions_are_listed_newest_first_with_a_summary(
    gateway: httpx.AsyncClient,
) -> None:
    ids = await three_decided(gateway)
    found = await listed(gateway)
    assert [(row["alert_id"], row["decision"], row["analyst"]) for row in found["data"]] == [
        (ids[2], "FRAUD", "bob"),
        (ids[1], "FALSE_POSITIVE", "ann"),
        (ids[0], "FRAUD", "ann"),
    ]
    row = found["data"][1]
    assert row["entity"] == "account-1"
    assert row["notes"] == "it is LEGITIMATE"
    assert row["withdrawn"] is False
    assert found["pagination"]["total_records"] == 3
    assert found["summary"] == {
        "total_resolutions": 3,
        "confirmed_frauds": 2,
        "false_positives": 1,
        "resolution_rate": 75.0,
        "withdrawn": 0,
        "alerts_raised": 4,
        "range": "all",
        "since": None,
    }
    for span in ("24h", "7d", "30d", "90d", "all"):
        summary = (await gateway.get("/api/feedback/summary", params={"range": span})).json()
        assert summary["data"]["total_resolutions"] == 3
        assert summary["data"]["resolution_rate"] == 75.0
        assert len((await listed(gateway, range=span))["data"]) == 3


async def test_filters_narrow_the_list_and_its_total(gateway: httpx.AsyncClient) -> None:
    ids = await three_decided(gateway)

    async def alerts(**params: Any) -> list[str]:
        found = await listed(gateway, **params)
        rows = [row["alert_id"] for row in found["data"]]
        assert found["pagination"]["total_records"] == len(rows)
        return rows

    assert await alerts(decision="FRAUD") == [ids[2], ids[0]]
    assert await alerts(decision="FALSE_POSITIVE") == [ids[1]]
    assert await alerts(decision="ALL", analyst="ALL") == [ids[2], ids[1], ids[0]]
    assert await alerts(analyst="ann") == [ids[1], ids[0]]
    assert await alerts(analyst="ann", decision="FRAUD", range="24h") == [ids[0]]
    assert await alerts(analyst="Ann") == []
    by_analyst = (await gateway.get("/api/feedback/by-analyst/bob")).json()
    assert [row["alert_id"] for row in by_analyst["data"]] == [ids[2]]
    assert by_analyst["summary"]["confirmed_frauds"] == 1


async def test_reopening_withdraws_a_decision_and_deciding_again_adds_one(
    gateway: httpx.AsyncClient,
) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    await decide(gateway, alert_id, "FRAUD")
    for _ in range(2):
        await gateway.put(f"/api/alerts/{alert_id}", json={"status": "ACTIVE"})
        found = await listed(gateway)
        assert all(row["withdrawn"] for row in found["data"])
        assert found["data"][0]["withdrawn_at"] is not None
        assert found["summary"]["total_resolutions"] == 0
        assert found["summary"]["resolution_rate"] == 0.0
        await decide(gateway, alert_id, "LEGITIMATE", "bob")
    found = await listed(gateway)
    assert [(row["decision"], row["withdrawn"]) for row in found["data"]] == [
        ("FALSE_POSITIVE", False),
        ("FALSE_POSITIVE", True),
        ("FRAUD", True),
    ]
    assert found["pagination"]["total_records"] == 3
    assert found["summary"]["confirmed_frauds"] == 0
    assert found["summary"]["false_positives"] == 1
    assert found["summary"]["withdrawn"] == 2


async def test_one_decision_comes_with_its_alert(gateway: httpx.AsyncClient) -> None:
    alert_id = await raise_alert(gateway, "tx-1")
    await decide(gateway, alert_id, "FRAUD")
    row = (await listed(gateway))["data"][0]
    answer = await gateway.get(f"/api/feedback/{row['feedback_id']}")
    assert answer.json()["data"].pop("alert")["status"] == "RESOLVED"
    assert answer.json()["data"] | row == answer.json()["data"]
    unknown = await gateway.get("/api/feedback/dec_unknown")
    assert unknown.status_code == 404
    assert unknown.json()["error_code"] == "NOT_FOUND"


async def test_nothing_decided_is_an_empty_list_and_zeros(gateway: httpx.AsyncClient) -> None:
    found = await listed(gateway, range="7d")
    assert found["data"] == []
    assert found["pagination"]["total_pages"] == 0
    assert found["pagination"]["next_cursor"] is None
    assert found["summary"]["total_resolutions"] == 0
    assert found["summary"]["resolution_rate"] == 0.0
    assert (await gateway.get("/api/feedback/by-analyst/nobody")).json()["data"] == []


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"decision": "LEGITIMATE"}, "decision"),
        ({"range": "1h"}, "range"),
        ({"page": 0}, "page"),
        ({"limit": 101}, "limit"),
        ({"cursor": "not one"}, "cursor"),
        ({"analyst": "a\0"}, "analyst"),
        ({"analyst": "a" * 65}, "analyst"),
    ],
)
async def test_bad_query_is_named(
    gateway: httpx.AsyncClient, params: dict[str, Any], field: str
) -> None:
    answer = await gateway.get("/api/feedback", params=params)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == [field]


@pytest.mark.parametrize(
    "name", ["Zoë 😀", "' OR 1=1 --", "100%_", 'a"b\\c', "..", "a/b", "a b+c&d?e#f"]
)
async def test_any_name_of_an_analyst_is_only_a_name(gateway: httpx.AsyncClient, name: str) -> None:
    await decide(gateway, await raise_alert(gateway, "tx-1"), "FRAUD", name)
    await decide(gateway, await raise_alert(gateway, "tx-2", source_account="b"), "FRAUD")
    assert [row["analyst"] for row in (await listed(gateway, analyst=name))["data"]] == [name]
    if name != "..":
        # Clients take two dots in a path for a folder.
        path = f"/api/feedback/by-analyst/{quote(name, safe='')}"
        found = (await gateway.get(path)).json()["data"]
        assert [row["analyst"] for row in found] == [name]


@pytest.mark.parametrize("feedback_id", ["%00", "%27%20OR%201=1", "%25", "x" * 300, "%F0%9F%98%80"])
async def test_hostile_id_is_unknown_or_refused(
    gateway: httpx.AsyncClient, feedback_id: str
) -> None:
    answer = await gateway.get(f"/api/feedback/{feedback_id}")
    assert answer.status_code in {404, 422}


async def test_decisions_of_another_version_are_counted_once(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    """The previous version knows neither the counts nor the marks of withdrawal."""
    ids = await three_decided(gateway)
    async with database.write() as unit:
        for table in ("UPDATE decisions SET counted = false", "DELETE FROM feedback_counts"):
            await unit.cases._connection.execute(text(table))
    await gateway.put(f"/api/alerts/{ids[1]}", json={"status": "ACTIVE"})
    async with database.write() as unit:
        await unit.cases._connection.execute(
            text("UPDATE decisions SET withdrawn_time = NULL WHERE decision = 'LEGITIMATE'")
        )
    counter = FeedbackCounter(database)
    assert await counter.count_some() == 4
    assert await counter.count_some() == 0
    found = await listed(gateway)
    assert found["pagination"]["total_records"] == 3
    assert found["summary"]["confirmed_frauds"] == 2
    assert found["summary"]["withdrawn"] == 1
    assert [row["withdrawn"] for row in found["data"]] == [False, True, False]


async def test_range_leaves_out_what_came_before_it(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    now = datetime.now(UTC)
    alert_id = await raise_alert(gateway, "tx-1")
    for number, days in enumerate((0, 2, 20, 80, 400)):
        async with database.write() as unit:
            await unit.cases.add_decision(
                DecisionRecord(
                    f"dec_{number}",
                    alert_id,
                    CaseDecision.FRAUD,
                    "",
                    "ann",
                    None,
                    now - timedelta(days=days),
                )
            )
    for number, span in enumerate(("24h", "7d", "30d", "90d", "all"), start=1):
        found = await listed(gateway, range=span)
        assert len(found["data"]) == number
        assert found["pagination"]["total_records"] == number
        assert found["summary"]["confirmed_frauds"] == number


async def test_counts_stay_those_of_the_decisions_while_rivals_decide_and_reopen(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    ids = [await raise_alert(gateway, f"tx-{n}", source_account=f"a-{n}") for n in range(3)]

    async def work(analyst: str, number: int) -> None:
        alert_id = ids[number % len(ids)]
        await gateway.post(
            f"/api/investigations/{alert_id}/decision",
            json={"decision": ("FRAUD", "LEGITIMATE")[number % 2], "analyst_id": analyst},
        )
        await gateway.put(f"/api/alerts/{alert_id}", json={"status": "ACTIVE"})

    await asyncio.gather(*(work(f"analyst-{n % 4}", n) for n in range(24)))
    await decide(gateway, ids[0], "FRAUD")
    found = (await listed(gateway, limit=100))["data"]
    assert len({row["feedback_id"] for row in found}) == len(found) > 3
    standing = [row for row in found if not row["withdrawn"]]
    # All were reopened, and one was decided after that.
    assert [row["alert_id"] for row in standing] == [ids[0]]
    for span in ("24h", "7d", "all"):
        answer = await listed(gateway, range=span)
        assert answer["pagination"]["total_records"] == len(found)
        assert answer["summary"]["withdrawn"] == len(found) - 1
        assert answer["summary"]["confirmed_frauds"] == 1
    async with database.write() as unit:
        kept = text("SELECT sum(decided), sum(withdrawn) FROM feedback_counts WHERE period = 'ALL'")
        sums = (await unit.connection.execute(kept)).one()
    assert tuple(int(each) for each in sums) == (len(found), len(found) - 1)
