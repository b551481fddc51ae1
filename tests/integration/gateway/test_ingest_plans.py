"""What ingest stores costs PostgreSQL no plan a row."""

import pytest
from sqlalchemy import text

from gateway.db.connecting import WRITING
from gateway.db.engine import Database
from tests.integration.gateway.test_ingest import Gateway, fill
from tests.support.scripted_scoring_server import ScriptedScoringServer

# Notes under which setting the rows of alerts were stored, as their foreign keys meet it.
_NOTING = (
    "CREATE TABLE noted (mode text)",
    """
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO noted VALUES (current_setting('plan_cache_mode'));
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER noting AFTER INSERT ON alert_transactions FOR EACH STATEMENT
      EXECUTE FUNCTION note()
    """,
)


async def test_foreign_keys_are_looked_up_by_one_plan(
    database: Database, database_url: str, scoring: ScriptedScoringServer
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite looks foreign keys up by itself")
    engine = database._engine.execution_options(**WRITING["postgresql"])
    async with engine.begin() as connection:
        for statement in _NOTING:
            await connection.execute(text(statement))
    await fill(scoring, 200)
    async with Gateway(database, scoring.target, "one") as gateway:
        assert await gateway.progress.wait_for(200, 20)
    async with database._engine.connect() as connection:
        assert set(await connection.scalars(text("SELECT mode FROM noted"))) == {"auto"}
        # And nobody who asks afterwards has that plan.
        shown = await connection.scalars(text("SHOW plan_cache_mode"))
        assert shown.one() == "force_custom_plan"
