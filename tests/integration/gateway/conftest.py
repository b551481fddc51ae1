"""A gateway on each of the two databases, against a scripted scoring server over a real socket."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from gateway.app import build
from gateway.config import GatewayConfig
from gateway.db.engine import Database
from gateway.db.migrate import migrate
from gateway.db.watch import DatabaseLimits
from tests.support.gateway_process import Start, serving
from tests.support.postgresql import fresh_database
from tests.support.scripted_scoring_server import ScriptedScoringServer

OpenGateway = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@asynccontextmanager
async def started(application: Litestar) -> AsyncIterator[None]:
    """Start and stop an application in one task, as a server does.

    A fixture's two halves run in different ones.
    """
    ready = asyncio.Event()
    stop = asyncio.Event()

    async def live() -> None:
        async with application.lifespan():
            ready.set()
            await stop.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield
    finally:
        stop.set()
        await life


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite"
    migrate(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        path = tmp_path / "gateway.sqlite"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    with fresh_database(request.getfixturevalue("postgresql")) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, DatabaseLimits(pool_size=5))
    yield opened
    await opened.close()


@pytest.fixture
async def scoring() -> AsyncIterator[ScriptedScoringServer]:
    server = ScriptedScoringServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def config(database_url: str, tmp_path: Path, scoring: ScriptedScoringServer) -> GatewayConfig:
    return GatewayConfig(
        data_dir=tmp_path,
        database_url=database_url,
        scoring_target=scoring.target,
        rate_limit_requests=0,
        database_pool_size=5,
    )


@pytest.fixture
def open_gateway(config: GatewayConfig) -> OpenGateway:
    """Return a function that runs a gateway with a changed configuration and yields a client."""

    @asynccontextmanager
    async def run(**changes: Any) -> AsyncIterator[httpx.AsyncClient]:
        application = build(replace(config, **changes))
        transport = httpx.ASGITransport(app=application)
        async with (
            started(application),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            yield client

    return run


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> AsyncIterator[httpx.AsyncClient]:
    async with open_gateway() as client:
        yield client


@pytest.fixture
def start(database_url: str, scoring: ScriptedScoringServer, tmp_path: Path) -> Start:
    """Return a function that runs one more gateway on the same database."""
    number = 0

    def run(**environ: str) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        nonlocal number
        number += 1
        folder = tmp_path / f"gateway-{number}"
        folder.mkdir()
        settings = {
            "DATABASE_URL": database_url.replace("+aiosqlite", ""),
            "SCORING_TARGET": scoring.target,
            "RATE_LIMIT_REQUESTS": "0",
        }
        return serving(folder, **(settings | environ))

    return run
