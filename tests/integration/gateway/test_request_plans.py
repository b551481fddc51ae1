"""No request makes PostgreSQL walk through its transactions or alerts, whatever is asked.

Every GET route is asked, over a few thousand rows; what the driver sends then is explained, with
the values it was sent with. Walks are made dear: a plan that still has one has no other way.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from rich.progress import Progress
from sqlalchemy import create_engine, text

from gateway.app import build
from gateway.config import GatewayConfig
from gateway.db.engine import Database
from gateway.db.url import synchronous_url
from gateway.db.watch import DatabaseLimits
from gateway.domain.pagination import AlertQuery
from tests.integration.gateway.conftest import started
from tests.load.fill_database import fill
from tests.load.fill_desk import ADMIN, PASSWORD, fill_desk
from tests.load.made_up import MadeUp
from tests.load.questions import Samples, long_questions, not_covered, questions
from tests.support.postgresql import fresh_database
from tests.support.scripted_scoring_server import ScriptedScoringServer

_TRANSACTIONS, _ALERTS = 6_000, 2_000
# Kinds of lists, filters and ranges are drawn; so many draws have met all that matter.
_TIMES = 8
_LARGE = re.compile(r"(transactions|alerts)(_p?\d+)?$")
_BOUNDED = {"Limit"}
_WHOLE = {"Sort", "Incremental Sort", "Aggregate", "Hash", "Materialize"}

Sent = dict[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def filled(postgresql: str) -> Iterator[str]:
    with fresh_database(postgresql) as url:
        made = MadeUp(_TRANSACTIONS, _ALERTS, datetime.now(UTC), 1)
        asyncio.run(fill(url, made, _TRANSACTIONS, Progress(disable=True)))
        engine = create_engine(synchronous_url(url))
        fill_desk(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        engine.dispose()
        yield url


@pytest.fixture
async def asked(filled: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    scoring = ScriptedScoringServer()
    await scoring.start()
    config = GatewayConfig(
        data_dir=tmp_path,
        database_url=filled,
        scoring_target=scoring.target,
        rate_limit_requests=0,
    )
    application = build(config)
    async with (
        started(application),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=application), base_url="http://localhost"
        ) as client,
    ):
        yield client
    await scoring.stop()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Return all statements that the driver sends from now on, each with its last values."""
    found: Sent = {}
    execute = psycopg.AsyncCursor.execute

    async def noted(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        found[str(query)] = (params,)
        return await execute(cursor, query, params, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", noted)
    return found


def _walks_are_dear(connection: psycopg.Connection[Any]) -> None:
    # Of a few thousand rows the cheapest join is one that walks through a side of it.
    for way in ("seqscan", "hashjoin", "mergejoin"):
        connection.execute(f"SET enable_{way} = off")


def walks(node: dict[str, Any], *, bounded: bool = False) -> list[str]:
    """Return the nodes of a plan that read a large table from one end to the other."""
    kind, found = node["Node Type"], []
    if _LARGE.match(node.get("Relation Name", "")):
        whole_index = "Index" in kind and "Index Cond" not in node and not bounded
        if "Seq Scan" in kind or whole_index:
            found.append(f"{kind} of {node['Relation Name']}")
    bounded = kind in _BOUNDED or (bounded and kind not in _WHOLE)
    for child in node.get("Plans", ()):
        found += walks(child, bounded=bounded)
    return found


async def test_no_request_walks_through_a_large_table(
    filled: str, asked: httpx.AsyncClient, sent: Sent
) -> None:
    engine = create_engine(synchronous_url(filled))
    with engine.connect() as connection:
        kinds = questions(Samples(connection, random.Random(1)))
    engine.dispose()
    assert not not_covered([*kinds, *long_questions()])
    login = await asked.post("/api/auth/login", json={"username": ADMIN, "password": PASSWORD})
    asked.headers["authorization"] = f"Bearer {login.json()['data']['access_token']}"
    for name, question in (kinds | long_questions()).items():
        for path in {question() for _ in range(_TIMES)}:
            answer = await asked.get(path)
            assert answer.status_code == 200, (name, path, answer.text)
    reads = {text: values for text, values in sent.items() if " FROM " in text.replace("\n", " ")}
    assert len(reads) > 100
    faults = {}
    with psycopg.connect(filled.replace("+psycopg", "")) as connection:
        _walks_are_dear(connection)
        for text, (values,) in reads.items():
            ((((plan,),)),) = connection.execute(f"EXPLAIN (FORMAT JSON) {text}", values).fetchall()
            if found := walks(plan["Plan"]):
                faults[text] = found
    assert not faults, "\n\n".join(f"{found}: {text}" for text, found in faults.items())


def test_a_walk_is_seen(filled: str) -> None:
    """The other half of the test above: what is wrong with a plan is found."""
    with psycopg.connect(filled.replace("+psycopg", "")) as connection:
        _walks_are_dear(connection)
        for statement, wrong in (
            ("SELECT count(*) FROM alerts WHERE description = 'x'", True),
            ("SELECT count(*) FROM alerts", True),
            ("SELECT max(amount_minor) FROM transactions", True),
            ("SELECT * FROM alerts ORDER BY description LIMIT 1", True),
            ("SELECT * FROM alerts ORDER BY alert_id LIMIT 1", False),
            ("SELECT * FROM transactions WHERE transaction_id = 'x'", False),
        ):
            ((((plan,),)),) = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}").fetchall()
            assert bool(walks(plan["Plan"])) is wrong, (statement, plan)


async def test_statements_are_planned_for_their_own_values(filled: str) -> None:
    """A plan for all values takes a LIMIT that is a parameter for a tenth of the table."""
    database = Database(filled, DatabaseLimits())
    planned = text("SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements")
    async with database.read() as unit:
        # The driver prepares what it has sent five times, and the server then has five plans made.
        for _ in range(15):
            await unit.alerts.page(AlertQuery(search="a", limit=10))
        custom, generic = (await unit.connection.execute(planned)).one()
    await database.close()
    assert custom > 0
    assert generic == 0
