"""Migrations give the tables that the code uses, on both databases, also when two start at once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gateway.db.migrate import migrate, require_current, schema_versions
from gateway.db.tables import metadata
from gateway.db.url import synchronous_url
from gateway.domain.alert import AlertTransaction
from gateway.errors import ConfigurationError, UnavailableError
from tests.support import alert_values
from tests.support.postgresql import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/new folder/gateway.sqlite"
        return
    with fresh_database(request.getfixturevalue("postgresql"), migrated=False) as url:
        yield url


def test_migrations_give_the_tables_of_the_code(empty_url: str) -> None:
    migrate(empty_url)
    engine = sqlalchemy.create_engine(synchronous_url(empty_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_old_database_is_refused_with_advice(empty_url: str) -> None:
    migrate(empty_url)
    require_current(empty_url)
    engine = sqlalchemy.create_engine(synchronous_url(empty_url))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match="anomaly db migrate"):
        require_current(empty_url)


def test_two_migrations_at_once_both_succeed(empty_url: str) -> None:
    faults: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_url)
        except BaseException as error:  # noqa: BLE001 - told by the test itself
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    current, needed = schema_versions(empty_url)
    assert current == needed


def test_unreachable_database_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        migrate(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}")


def test_index_that_an_attempt_left_unfinished_is_built_again(empty_url: str) -> None:
    migrate(empty_url, "0004")
    engine = sqlalchemy.create_engine(synchronous_url(empty_url))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = '0003'"))
        connection.execute(sqlalchemy.text("DROP INDEX ix_transactions_owner_id_event_time"))
        if engine.dialect.name == "postgresql":
            connection.execute(
                sqlalchemy.text(
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
                    "'ix_transactions_device_id_event_time'::regclass"
                )
            )
    migrate(empty_url, "0004")
    with engine.connect() as connection:
        names = {
            index["name"] for index in sqlalchemy.inspect(connection).get_indexes("transactions")
        }
        assert "ix_transactions_owner_id_event_time" in names
        if engine.dialect.name == "postgresql":
            invalid = sqlalchemy.text("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
            assert connection.scalar(invalid) == 0
    engine.dispose()


def test_alerts_that_are_there_already_are_listed_under_their_entities(empty_url: str) -> None:
    migrate(empty_url, "0014")
    engine = sqlalchemy.create_engine(synchronous_url(empty_url))
    alert = alert_values.alert(account_id="acc")
    transaction = alert_values.transaction(account_id="acc", device_id="d-1")
    with engine.begin() as connection:
        _insert(connection, "alerts", alert)
        _insert(connection, "transactions", transaction)
        member = AlertTransaction("tx-1", "alr_tx-1", "alr_tx-1", 1, 85.5, alert.raised_time)
        _insert(connection, "alert_transactions", member)
    migrate(empty_url)
    with engine.connect() as connection:
        found = connection.execute(
            sqlalchemy.text("SELECT entity_type, entity_id, alert_id FROM alert_entities")
        )
        assert sorted(tuple(row) for row in found) == [
            ("ACCOUNT", "acc", "alr_tx-1"),
            ("DEVICE", "d-1", "alr_tx-1"),
            ("TRANSACTION", "tx-1", "alr_tx-1"),
        ]
    engine.dispose()


def _insert(connection: sqlalchemy.Connection, table: str, row: msgspec.Struct) -> None:
    # As the table was then, whatever has been added to it since.
    then = sqlalchemy.Table(table, sqlalchemy.MetaData(), autoload_with=connection)
    values = msgspec.structs.asdict(row)
    connection.execute(then.insert(), {column.name: values[column.name] for column in then.columns})
