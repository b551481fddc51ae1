"""The database as the services see it.

Transactions that read, transactions that write, and errors in our own words.

SQLite has one writer at a time. Its writers queue here, in order, instead of polling for the file's
lock, and a writing transaction takes that lock at its start, so that it never has to be given up
half way.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.clock import monotonic_s
from gateway.db.connecting import PLANS_FOR_MANY_ROWS, WRITING, open_engine
from gateway.db.faults import busy, translated_errors
from gateway.db.repositories.alert_places import AlertPlaces
from gateway.db.repositories.alerts import AlertRepository
from gateway.db.repositories.case_files import CaseFileRepository
from gateway.db.repositories.cases import CaseRepository
from gateway.db.repositories.changes import ChangeRepository
from gateway.db.repositories.deliveries import DeliveryRepository
from gateway.db.repositories.entities import EntityRepository
from gateway.db.repositories.explanations import ExplanationRepository
from gateway.db.repositories.feed import FeedRepository
from gateway.db.repositories.feedback import FeedbackRepository
from gateway.db.repositories.inspection import InspectionRepository
from gateway.db.repositories.labels import LabelRepository
from gateway.db.repositories.outbox import OutboxRepository
from gateway.db.repositories.people import PeopleRepository
from gateway.db.repositories.performance import PerformanceRepository
from gateway.db.repositories.pruning import PruningRepository
from gateway.db.repositories.queue import QueueRepository
from gateway.db.repositories.recount import RecountRepository
from gateway.db.repositories.sessions import SessionRepository
from gateway.db.repositories.suppressions import SuppressionRepository
from gateway.db.repositories.transactions import TransactionRepository
from gateway.db.repositories.webhooks import WebhookRepository
from gateway.db.repositories.workload import WorkloadRepository
from gateway.db.watch import DatabaseLimits, Observe, watch_statements
from gateway.spans import Spans


class Unit:
    """One transaction: the repositories that take part in it."""

    def __init__(self, connection: AsyncConnection, places: AlertPlaces) -> None:
        self.connection = connection
        self.alerts = AlertRepository(connection, places)
        self.case_files = CaseFileRepository(connection)
        self.cases = CaseRepository(connection)
        self.changes = ChangeRepository(connection)
        self.deliveries = DeliveryRepository(connection)
        self.entities = EntityRepository(connection)
        self.explanations = ExplanationRepository(connection)
        self.feed = FeedRepository(connection)
        self.feedback = FeedbackRepository(connection)
        self.inspection = InspectionRepository(connection)
        self.labels = LabelRepository(connection)
        self.outbox = OutboxRepository(connection)
        self.people = PeopleRepository(connection)
        self.pruning = PruningRepository(connection)
        self.queue = QueueRepository(connection)
        self.performance = PerformanceRepository(connection)
        self.recount = RecountRepository(connection)
        self.sessions = SessionRepository(connection)
        self.transactions = TransactionRepository(connection)
        self.suppressions = SuppressionRepository(connection)
        self.workload = WorkloadRepository(connection)
        self.webhooks = WebhookRepository(connection)


class Database:
    """A database that holds the gateway's tables."""

    def __init__(
        self,
        url: str,
        limits: DatabaseLimits,
        observe: Observe = lambda _kind, _seconds: None,
        spans: Spans | None = None,
    ) -> None:
        self._engine = open_engine(url, limits)
        watch_statements(self._engine.sync_engine, limits, observe, spans)
        self._pool_timeout_s = limits.pool_timeout_ms / 1000
        self._open = 0
        self._places = AlertPlaces(monotonic_s)
        self._writers: AsyncEngine = self._engine.execution_options(
            **WRITING[self._engine.dialect.name]
        )
        self._one_writer = asyncio.Lock() if self._engine.dialect.name == "sqlite" else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        """Open a connection that only reads; every statement sees what was committed before it.

        It runs without a transaction around it, which would cost the database two more answers
        and hold nothing together that needs it.

        Raises:
            UnavailableError: the database cannot be reached or does not answer in time.
        """
        with translated_errors(), self._counted():
            connection = await self._engine.connect()
            try:
                yield Unit(connection, self._places)
            finally:
                # Nothing here waits for the database, so that it need not be a task of its own as
                # `async with` would make it.
                await connection.close()

    @asynccontextmanager
    async def write(self, *, many_rows: bool = False) -> AsyncIterator[Unit]:
        """Open a transaction that is committed at the end of the block, and undone if it raises.

        Args:
            many_rows: whether it stores rows by the hundred, each of which the database looks up
                what it refers to for.

        Raises:
            UnavailableError: the database cannot be reached or does not answer in time.
            RowsRefusedError: the database cannot hold a value.
        """
        with translated_errors(), self._counted():
            if self._one_writer is None:
                async with self._writers.begin() as connection:
                    if many_rows:
                        await connection.execute(PLANS_FOR_MANY_ROWS)
                    yield Unit(connection, self._places)
            else:
                async with self._turn(self._one_writer), self._writers.begin() as connection:
                    yield Unit(connection, self._places)

    async def ping(self) -> None:
        """Raise UnavailableError unless the database answers."""
        with translated_errors():
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections are in use, and how many transactions wait for one."""
        in_use: int = self._engine.pool.checkedout()  # type: ignore[attr-defined]
        return in_use, max(0, self._open - in_use)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @asynccontextmanager
    async def _turn(self, lock: asyncio.Lock) -> AsyncIterator[None]:
        """Hold the right to write; waiting for it is bounded as for a connection."""
        try:
            async with asyncio.timeout(self._pool_timeout_s):
                await lock.acquire()
        except TimeoutError as error:
            raise busy() from error
        try:
            yield
        finally:
            lock.release()
