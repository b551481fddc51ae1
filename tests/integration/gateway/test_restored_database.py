"""A dump of one server in another: what was told is not told again, and what is new is."""

import pytest
import sqlalchemy
from sqlalchemy import exc as sqlalchemy_errors

from gateway.db.engine import Database
from gateway.db.migrate import migrate
from gateway.db.url import synchronous_url
from gateway.domain.alert import AlertEvent
from gateway.domain.change import BEGINNING, ChangePosition
from gateway.domain.enumerations import AlertStatus
from tests.support.alert_values import INGEST_TIME, alert
from tests.support.change_log import settled_after

FUTURE = 2**40


async def happen(database: Database, content: str) -> None:
    active = AlertStatus.ACTIVE
    row = AlertEvent("alr_tx-1", "NOTE_ADDED", active, active, "anna", content, INGEST_TIME)
    async with database.write() as unit:
        await unit.alerts.add_events([row])


async def test_changes_of_another_server_become_history(
    database_url: str, database: Database
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("a file of SQLite has its own order wherever it goes")
    async with database.write() as unit:
        await unit.alerts.add([alert("tx-1")])
    await happen(database, "told elsewhere")
    (change,) = await settled_after(database, BEGINNING, 1)
    async with database.write() as unit:
        await unit.webhooks.hold_position(ChangePosition(FUTURE, change.position.event_id))
    engine = sqlalchemy.create_engine(synchronous_url(database_url))
    with engine.begin() as connection:
        # As a restored dump brings the row, from a server that had counted far.
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO alert_events (alert_id, action, new_status, analyst_id, content,"
                " event_time, database_xid) SELECT alert_id, action, new_status, analyst_id,"
                " 'from afar', event_time, :xid FROM alert_events"
            ),
            {"xid": FUTURE},
        )
    migrate(database_url)
    await happen(database, "new here")
    changes = await settled_after(database, BEGINNING, 2)
    async with database.read() as unit:
        assert [each.event.content for each in changes] == ["told elsewhere", "new here"]
        assert await unit.webhooks.position() == BEGINNING
        history = await unit.alerts.events("alr_tx-1")
        assert [each.content for each in history] == ["told elsewhere", "from afar", "new here"]
    with (
        engine.begin() as connection,
        pytest.raises(sqlalchemy_errors.DBAPIError, match="only added to"),
    ):
        connection.execute(sqlalchemy.text("UPDATE alert_events SET content = ''"))
    engine.dispose()
