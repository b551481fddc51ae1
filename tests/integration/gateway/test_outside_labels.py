"""Labels from outside count, reach the scoring server and are counted once, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from anomaly.v1 import label_service_pb2

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.domain.outside_labels import FILE_SIZE_BYTES_MAX
from tests.support.alert_values import transaction
from tests.support.alerts import body, raise_alert
from tests.support.counted import take_in
from tests.support.recounting import recounted, stored_counts
from tests.support.scripted_scoring_server import ScriptedScoringServer
from tests.support.waiting import eventually

HEAD = "transaction_id,value,source,known_time,reference\n"


def label(transaction_id: str, value: str = "FRAUD", **changes: Any) -> dict[str, Any]:
    return {"transaction_id": transaction_id, "value": value, "source": "CHARGEBACK"} | changes


async def send(client: httpx.AsyncClient, *labels: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/api/labels", json=list(labels))
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


async def history_of(client: httpx.AsyncClient, transaction_id: str) -> dict[str, Any]:
    answer = await client.get(f"/api/labels/{transaction_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


async def matrix_of(client: httpx.AsyncClient) -> list[int]:
    found = (await client.get("/api/analytics/confusion-matrix")).json()["data"]
    names = ("true_positives", "false_positives", "true_negatives", "false_negatives")
    return [found[name] for name in names]


async def test_missed_fraud_counts_at_once_and_comes_back_once(
    gateway: httpx.AsyncClient, database: Database, scoring: ScriptedScoringServer
) -> None:
    await raise_alert(gateway, "tx-1")
    for name in ("tx-2", "tx-3"):
        await gateway.post("/api/detection/evaluate", json=body(name, amount=1))

    async def all_in() -> bool:
        return sum(await matrix_of(gateway)) == 3

    await eventually(all_in)
    taken = await send(gateway, label("tx-1"), label("tx-2", reference="CB-7", source="CUSTOMER"))
    assert (taken["accepted"], taken["repeated"]) == (2, 0)
    assert await matrix_of(gateway) == [1, 0, 1, 1]

    async def delivered() -> bool:
        return set(taken["label_ids"]) <= set(scoring.labels)

    await eventually(delivered)
    there = scoring.labels[taken["label_ids"][1]]
    assert there.source == label_service_pb2.LABEL_SOURCE_CHARGEBACK

    async def back() -> bool:
        async with database.read() as unit:
            return (await unit.feed.position()).sequence == len(scoring.events)

    await eventually(back)
    assert await stored_counts(database) == await recounted(database)
    (said,) = (await history_of(gateway, "tx-2"))["history"]
    assert (said["source"], said["reference"]) == ("CUSTOMER", "CB-7")
    # Known from now on, because the transaction was scored as it happened.
    assert abs(datetime.fromisoformat(said["known_time"]) - utc_now()) < timedelta(minutes=1)


async def test_the_label_known_last_counts_however_they_come(gateway: httpx.AsyncClient) -> None:
    await gateway.post("/api/detection/evaluate", json=body("tx-1", amount=1))

    def at(day: int, value: str) -> dict[str, Any]:
        return label("tx-1", value, known_time=f"2026-03-{day:02}T00:00:00Z")

    for report, counts, since in (
        (at(10, "FRAUD"), "FRAUD", 10),
        (at(5, "LEGITIMATE"), "FRAUD", 10),
        (at(8, "FRAUD"), "FRAUD", 8),
        (at(12, "FRAUD"), "FRAUD", 8),
        (at(12, "LEGITIMATE"), "LEGITIMATE", 12),
        (at(20, "WITHDRAWN"), None, None),
        (at(19, "FRAUD"), None, None),
    ):
        assert (await send(gateway, report))["accepted"] == 1
        found = await history_of(gateway, "tx-1")
        assert found["value"] == counts
        assert found["since"] == (since and f"2026-03-{since:02}T00:00:00Z")
    known = [said["known_time"] for said in found["history"]]
    assert known == sorted(known)


async def test_a_repetition_changes_nothing_and_a_contradiction_is_refused(
    gateway: httpx.AsyncClient,
) -> None:
    first = label("tx-1", reference="CB-1")
    when = label("tx-2", known_time="2026-03-01T00:00:00Z")
    assert await send(gateway, first, when, first) == {
        "accepted": 2,
        "repeated": 1,
        "label_ids": (await send(gateway, first, when, first))["label_ids"],
    }
    assert (await send(gateway, first, when))["repeated"] == 2
    for other in (
        label("tx-9", reference="CB-1"),
        label("tx-1", "LEGITIMATE", reference="CB-1"),
        label("tx-1", reference="CB-1", known_time="2026-01-01T00:00:00Z"),
    ):
        answer = await gateway.post("/api/labels", json=[label("tx-3", reference="CB-3"), other])
        assert (answer.status_code, answer.json()["error_code"]) == (409, "CONTENT_DIFFERS")
        assert [fault["field"] for fault in answer.json()["details"]["fields"]] == ["[1].reference"]
    assert (await gateway.get("/api/labels/tx-3")).status_code == 404
    # The same number of another source is another reference.
    assert (await send(gateway, label("tx-1", reference="CB-1", source="OTHER")))["accepted"] == 1


async def test_a_label_waits_for_its_transaction(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    await send(gateway, label("tx-1"), label("tx-2", "LEGITIMATE"))
    assert (await history_of(gateway, "tx-1"))["counted"] is False
    assert await matrix_of(gateway) == [0, 0, 0, 0]
    for name in ("tx-1", "tx-2", "tx-3"):
        await raise_alert(gateway, name)
    assert await matrix_of(gateway) == [1, 2, 0, 0]
    assert (await history_of(gateway, "tx-1"))["counted"] is True
    assert (await history_of(gateway, "tx-3"))["history"] == []
    assert await stored_counts(database) == await recounted(database)


async def test_history_that_was_replayed_is_labelled_on_its_own_clock(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    then = datetime(2018, 7, 1, tzinfo=UTC)
    await take_in(
        database,
        [transaction(f"tx-{day}", event_time=then + timedelta(days=day)) for day in range(3)],
    )
    await send(gateway, label("tx-0"))
    (said,) = (await history_of(gateway, "tx-0"))["history"]
    assert said["known_time"] == "2018-07-03T00:00:00Z"


async def test_every_bad_field_is_named_and_nothing_is_stored(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.post(
        "/api/labels",
        json=[
            label("tx-1", known_time=(utc_now() + timedelta(hours=1)).isoformat()),
            label("tx-1"),
        ],
    )
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == ["[0].known_time"]
    answer = await gateway.post(
        "/api/labels", json=[label("tx-1"), {"value": "MAYBE", "source": "ANALYST"}, 7]
    )
    assert answer.status_code == 422
    found = {fault["field"]: fault for fault in answer.json()["details"]["fields"]}
    assert list(found) == ["[1].transaction_id", "[1].value", "[1].source", "[2].body"]
    assert found["[1].value"]["allowed"] == ["FRAUD", "LEGITIMATE", "WITHDRAWN"]
    assert (await gateway.get("/api/labels/tx-1")).status_code == 404


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"[]", 422), (b"{}", 422), (b"[", 400), (b"", 422), (b"[" + b"{}," * 1000 + b"{}]", 422)],
)
async def test_what_is_no_list_of_labels_is_refused(
    gateway: httpx.AsyncClient, content: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await gateway.post("/api/labels", content=content, headers=headers)
    assert answer.status_code == status, answer.text


async def test_a_file_is_taken_in_whole_and_may_be_sent_again(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    rows = [f"tx-{n},FRAUD,CHARGEBACK,2026-02-09T14:32:18Z,CB-{n}\n" for n in range(2_500)]
    for accepted in (2_500, 0):
        answer = await gateway.post("/api/labels/csv", content=HEAD + "".join(rows))
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"] == {
            "rows": 2_500,
            "accepted": accepted,
            "repeated": 2_500 - accepted,
        }
    rows[1_200] = rows[1_200].replace("FRAUD", "WRONG")
    answer = await gateway.post("/api/labels/csv", content=HEAD + "".join(rows))
    assert answer.status_code == 422
    assert answer.json()["details"]["fields"][0]["field"] == "line 1202, value"
    rows[1_200] = rows[1_200].replace("WRONG", "LEGITIMATE")
    rows.append("tx-new,FRAUD,CHARGEBACK,2026-02-09T14:32:18Z,CB-new\n")
    answer = await gateway.post("/api/labels/csv", content=HEAD + "".join(rows))
    assert answer.status_code == 409
    assert answer.json()["details"]["fields"][0]["field"] == "line 1202"
    assert (await gateway.get("/api/labels/tx-new")).status_code == 404
    rows[-1] = rows[-1].replace("2026", "2126")
    answer = await gateway.post("/api/labels/csv", content=HEAD + "".join(rows))
    assert answer.json()["details"]["fields"][0]["field"] == "line 2502, known_time"
    large = b"x" * (FILE_SIZE_BYTES_MAX + 1)
    assert (await gateway.post("/api/labels/csv", content=large)).status_code == 413


async def test_the_same_report_from_many_sides_counts_once(
    gateway: httpx.AsyncClient, database: Database
) -> None:
    now = utc_now()
    await take_in(database, [transaction("tx-1", event_time=now, ingest_time=now)])
    taken = await asyncio.gather(
        *(send(gateway, label("tx-1", reference="CB-1")) for _ in range(10))
    )
    assert sum(each["accepted"] for each in taken) == 1
    assert await matrix_of(gateway) == [1, 0, 0, 0]
    assert await stored_counts(database) == await recounted(database)
