"""A healthy database passes the check whole; whatever is broken in it is found and named."""

import random
from pathlib import Path

import msgspec
import pytest
import sqlalchemy

from gateway.clock import utc_now
from gateway.db.engine import Database
from gateway.db.url import synchronous_url
from gateway.domain.database_check import Finding, Verdict
from gateway.domain.enumerations import LabelValue
from gateway.services.database_check import DatabaseCheck
from tests.support.alert_values import transaction
from tests.support.counted import say_all, take_in
from tests.support.gateway_process import run


@pytest.fixture
async def filled(database: Database) -> Database:
    """Return a database in which something came in, this hour and long ago."""
    now = utc_now()
    records = [
        transaction(
            f"tx-{number}",
            ingest_time=now,
            event_time=now,
            account_id=f"account-{number}",
            device_id="device",
            alert_id=f"alr-{number}" if number % 2 else None,
        )
        for number in range(8)
    ]
    await take_in(database, [*records, transaction("older", alert_id=None)])
    said = [("tx-1", LabelValue.FRAUD, now), ("tx-2", LabelValue.LEGITIMATE, now)]
    await say_all(database, said)
    return database


async def look(database: Database, *, whole: bool = True, workers: int = 1) -> dict[str, Finding]:
    check = DatabaseCheck(database, utc_now, random.Random(1), workers=workers, pool_size=10)
    return {finding.name: finding async for finding in check.run(whole=whole)}


async def execute(database: Database, statement: str) -> None:
    async with database.write() as unit:
        await unit.connection.exec_driver_sql(statement)


@pytest.mark.parametrize("whole", [True, False])
async def test_healthy_database_passes(filled: Database, whole: bool) -> None:
    found = await look(filled, whole=whole)
    assert {name: each.message for name, each in found.items() if each.verdict != "OK"} == {}
    assert found["sizes"].figures["total_bytes"]


@pytest.mark.parametrize(
    ("statement", "name", "said"),
    [
        ("UPDATE alert_counts SET number = number + 1", "counts", "alerts ACTIVE HIGH: kept 5"),
        ("UPDATE transaction_counts SET number = 3", "counts", "transactions ever: kept 3"),
        ("UPDATE hourly_rollups SET transactions = 2", "counts", "transactions of 20"),
        ("UPDATE hourly_rollups SET transactions = 2", "counts", "kept 2, counted 8"),
        (
            "UPDATE score_rollups SET transactions = 7 WHERE grain = 'DAY'",
            "counts",
            "score_rollups, days against hours",
        ),
        (
            "DELETE FROM transactions WHERE transaction_id = 'tx-1'",
            "references",
            "1 transactions of alerts are not stored",
        ),
        ("DELETE FROM alert_transactions", "references", "4 alerts have no transaction"),
        ("DROP INDEX ix_transactions_ingest_time", "indexes", "ix_transactions_ingest_time"),
    ],
)
async def test_what_is_broken_is_found_in_a_sample(
    filled: Database, statement: str, name: str, said: str
) -> None:
    await execute(filled, statement)
    finding = (await look(filled, whole=False))[name]
    assert finding.verdict is Verdict.FAULT
    assert said in finding.message


async def test_count_of_analytics_is_compared_with_every_transaction(filled: Database) -> None:
    await execute(filled, "UPDATE money_rollups SET fraud = 5")
    assert (await look(filled, whole=False))["counts"].verdict is Verdict.OK
    finding = (await look(filled))["counts"]
    assert "rows of money_rollups that differ" in finding.message
    async with filled.write() as unit:
        await unit.recount.recount()
    assert (await look(filled))["counts"].verdict is Verdict.OK


async def test_half_built_index_is_named(filled: Database) -> None:
    async with filled.read() as unit:
        if unit.connection.dialect.name == "sqlite":
            pytest.skip("SQLite builds an index whole or not at all")
    await execute(
        filled,
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = 'ix_transactions_ingest_time'::regclass",
    )
    assert (await look(filled))["indexes"].message == "half built: ix_transactions_ingest_time"


async def test_more_connections_than_the_server_has_are_a_fault(filled: Database) -> None:
    finding = (await look(filled, workers=64))["connections"]
    async with filled.read() as unit:
        bounded = unit.connection.dialect.name == "postgresql"
    assert finding.verdict is (Verdict.FAULT if bounded else Verdict.OK)


def test_command_tells_and_fails(database_url: str, tmp_path: Path) -> None:
    environ = {"DATABASE_URL": database_url.replace("+aiosqlite", "")}
    ended = run(tmp_path / "data", "db", "check", **environ)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("OK       schema ")
    engine = sqlalchemy.create_engine(synchronous_url(database_url))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP INDEX ix_transactions_ingest_time"))
    ended = run(tmp_path / "data", "db", "check", "--json", "--whole", **environ)
    assert ended.returncode == 1
    findings = msgspec.json.decode(ended.stdout)["findings"]
    assert [each["name"] for each in findings if each["verdict"] == "FAULT"] == ["indexes"]
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    ended = run(tmp_path / "data", "db", "check", **environ)
    assert ended.returncode == 1
    assert "anomaly db migrate" in ended.stdout
    assert len(ended.stdout.splitlines()) == 1
