"""Random work on alerts, in the database, against the obvious model: a few fields in memory."""

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from gateway.db.engine import Database
from gateway.db.tables.alerts import alerts
from gateway.db.watch import DatabaseLimits
from gateway.domain.enumerations import AlertStatus, CaseDecision, Severity
from gateway.domain.rollup import Rollup, hour_of
from gateway.domain.transaction import FeedBatch, FeedEvent, FeedPosition
from gateway.errors import ConflictError
from gateway.services.alerts import AlertService
from gateway.services.assignment import AssignmentService
from gateway.services.bulk import BulkAction, BulkItem, BulkRequest, BulkService
from gateway.services.ingest import Ingest, Progress
from gateway.services.investigations import DecisionRequest, InvestigationService
from gateway.topics.shared import new_id
from tests.support.alert_model import ACTIVE, FALSE_POSITIVE, RESOLVED, Model
from tests.support.alert_values import INGEST_TIME, transaction
from tests.support.postgresql import fresh_database

# Few, so that much happens to each.
ALERTS_MAX = 2
SEVERITIES = {60.0: "MEDIUM", 85.0: "HIGH", 97.0: "CRITICAL"}

analysts = st.sampled_from(["ann", "bob"])
numbers = st.integers(0, ALERTS_MAX - 1)
Opened = Callable[[], AbstractContextManager[str]]


class WorkOnAlerts(RuleBasedStateMachine):
    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self.database_of = opened()
        url = self.database_of.__enter__()
        self.runner = asyncio.Runner()
        self.now = INGEST_TIME
        self.models: dict[str, Model] = {}
        self.position = FeedPosition("", 0)
        self.run(self.connect(url))

    async def connect(self, url: str) -> None:
        def now() -> datetime:
            return self.now

        self.database = Database(url, DatabaseLimits(pool_size=2))
        self.ingest = Ingest(self.database, Progress(), now, timedelta(minutes=10))
        self.alerts = AlertService(self.database, now, lambda: None)
        self.assignment = AssignmentService(self.database, now, login_required=False)
        self.investigations = InvestigationService(
            self.database, now, new_id, lambda: None, require_fraud_notes=False
        )
        self.bulk = BulkService(self.alerts, self.assignment, self.investigations)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def alert_id(self, number: int) -> str:
        return list(self.models)[number % len(self.models)]

    def attempt(self, work: Coroutine[Any, Any, Any], *, allowed: bool) -> None:
        if allowed:
            self.run(work)
        else:
            with pytest.raises(ConflictError):
                self.run(work)

    @initialize(risk=st.sampled_from(sorted(SEVERITIES)))
    def begin(self, risk):
        self.raise_alert(risk)

    @rule(minutes=st.integers(1, 90))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: len(self.models) < ALERTS_MAX)
    @rule(risk=st.sampled_from(sorted(SEVERITIES)))
    def raise_alert(self, risk):
        sequence = self.position.sequence + 1
        record = transaction(
            f"tx-{sequence}",
            account_id=f"account-{sequence}",
            sequence=sequence,
            ingest_time=self.now,
            risk_score=risk,
            severity=SEVERITIES[risk],
        )
        batch = FeedBatch([FeedEvent(sequence, transaction=record)], "journal-1", sequence)
        self.position = self.run(self.ingest.apply(self.position, batch))
        self.models[f"alr_tx-{sequence}"] = Model()

    @rule(number=numbers, to=st.sampled_from(AlertStatus), analyst=analysts)
    def move(self, number, to, analyst):
        alert_id = self.alert_id(number)
        work = self.alerts.move(alert_id, to, analyst, None)
        self.attempt(work, allowed=self.models[alert_id].move(to, analyst, self.now))

    @precondition(lambda self: any(not model.open for model in self.models.values()))
    @rule(analyst=analysts)
    def reopen(self, analyst):
        alert_id = next(name for name, model in self.models.items() if not model.open)
        assert self.models[alert_id].move(ACTIVE, analyst, self.now)
        self.run(self.alerts.move(alert_id, ACTIVE, analyst, None))

    @rule(number=numbers, decision=st.sampled_from(CaseDecision), analyst=analysts)
    def decide(self, number, decision, analyst):
        alert_id = self.alert_id(number)
        work = self.investigations.decide(alert_id, self.decision(decision, analyst, None))
        self.attempt(work, allowed=self.models[alert_id].decide(decision, analyst, self.now))

    @rule(number=numbers, analyst=analysts)
    def claim(self, number, analyst):
        alert_id = self.alert_id(number)
        work = self.assignment.claim(alert_id, analyst, None)
        self.attempt(work, allowed=self.models[alert_id].claim(analyst, self.now))

    @rule(number=numbers, analyst=analysts)
    def release(self, number, analyst):
        alert_id = self.alert_id(number)
        work = self.assignment.release(alert_id, analyst, None)
        self.attempt(work, allowed=self.models[alert_id].release(analyst, self.now))

    @rule(number=numbers, assignee=analysts)
    def assign(self, number, assignee):
        alert_id = self.alert_id(number)
        work = self.assignment.assign(alert_id, assignee, "sue", None)
        self.attempt(work, allowed=self.models[alert_id].assign(assignee))

    @rule(analyst=analysts)
    def take_next(self, analyst):
        taken = self.run(self.assignment.take_next(analyst))
        waiting = [name for name, model in self.models.items() if model.status is ACTIVE]
        if taken is None:
            assert not waiting
            return
        assert taken.alert_id in waiting
        assert taken.queue_rank == max(self.stored(name).queue_rank for name in waiting)
        assert self.models[taken.alert_id].claim(analyst, self.now)

    @rule(action=st.sampled_from(BulkAction), decision=st.sampled_from(CaseDecision))
    def work_on_all(self, action, decision):
        request = BulkRequest(
            action=action,
            items=[BulkItem(name) for name in self.models],
            author="sue",
            assignee="ann",
            decision=decision,
        )
        for result in self.run(self.bulk.apply(request)):
            model = self.models[result.alert_id]
            expected = {
                BulkAction.CLAIM: partial(model.claim, "sue", self.now),
                BulkAction.RELEASE: partial(model.release, "sue", self.now),
                BulkAction.ASSIGN: partial(model.assign, "ann"),
                BulkAction.DECIDE: partial(model.decide, decision, "sue", self.now),
            }[action]
            assert result.changed == expected()

    @rule(number=numbers, off=st.sampled_from([-1, 1]))
    def act_on_what_is_stale(self, number, off):
        alert_id = self.alert_id(number)
        version = self.stored(alert_id).version + off
        decision = self.decision(CaseDecision.FRAUD, "ann", version)
        for work in (
            self.alerts.move(alert_id, ACTIVE, "ann", version),
            self.assignment.claim(alert_id, "ann", version),
            self.assignment.release(alert_id, "ann", version),
            self.assignment.assign(alert_id, "bob", "sue", version),
            self.investigations.decide(alert_id, decision),
        ):
            self.attempt(work, allowed=False)

    @rule(number=numbers)
    def look(self, number):
        alert_id = self.alert_id(number)
        model, alert = self.models[alert_id], self.stored(alert_id)
        _, events = self.run(self.investigations.history(alert_id))
        found = [(event.action, event.old_status, event.new_status) for event in events]
        assert found == model.history
        assert all(before[2] == after[1] for before, after in itertools.pairwise(found))
        assert (alert.status, alert.is_open) == (model.status, model.open)
        assert (alert.assigned_to, alert.outcome) == (model.holder, model.outcome)
        assert alert.closed_time == model.closed
        # One step a row of history, the first included.
        assert alert.version == len(found)

    def stored(self, alert_id: str) -> Any:
        return self.run(self.alerts.get(alert_id))

    def decision(self, decision: CaseDecision, analyst: str, version: int | None) -> Any:
        return DecisionRequest(
            decision=decision,
            notes="",
            analyst_id=analyst,
            confidence=None,
            expected_version=version,
        )

    async def recounted(self) -> tuple[list[Rollup], list[Rollup], Any, Any]:
        """Return the counts by hour and by status as they are kept, and made anew."""
        async with self.database._engine.connect() as connection:
            rows = (await connection.execute(select(alerts))).all()
        hours: dict[datetime, Rollup] = {}
        for row in rows:
            raised = hours.setdefault(
                hour_of(row.raised_time), Rollup(hour=hour_of(row.raised_time))
            )
            raised.transactions += 1
            raised.count_alert(Severity(row.severity))
            if row.closed_time is not None:
                hour = hour_of(row.closed_time)
                closed = hours.setdefault(hour, Rollup(hour=hour))
                closed.resolved += row.status == RESOLVED
                closed.false_positives += row.status == FALSE_POSITIVE
                closed.frauds += row.outcome == CaseDecision.FRAUD
        async with self.database.read() as unit:
            kept = await unit.feed.rollups(INGEST_TIME - timedelta(days=1), self.now + timedelta(1))
            counts = await unit.alerts.counts()
        empty = [Rollup(hour=each.hour) for each in kept if each.hour not in hours]
        anew = sorted([*hours.values(), *empty], key=lambda each: each.hour)
        by_status = Counter((AlertStatus(row.status), Severity(row.severity)) for row in rows)
        return kept, anew, {key: count for key, count in counts.items() if count}, by_status

    def teardown(self) -> None:
        try:
            for number in range(len(self.models)):
                self.look(number)
            kept, anew, counts, by_status = self.run(self.recounted())
            assert kept == anew
            assert counts == by_status
        finally:
            self.run(self.database.close())
            self.runner.close()
            self.database_of.__exit__(None, None, None)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 30), ("postgresql", 10)])
def test_random_work_is_as_the_model(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, examples: int
) -> None:
    @contextmanager
    def sqlite():
        path = tmp_path / "gateway.sqlite"
        for left in tmp_path.glob("gateway.sqlite*"):
            left.unlink()
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite+aiosqlite:///{path}"

    opened = (
        sqlite
        if kind == "sqlite"
        else partial(fresh_database, request.getfixturevalue("postgresql"))
    )
    run_state_machine_as_test(
        partial(WorkOnAlerts, opened),
        settings=settings(max_examples=examples, stateful_step_count=40, deadline=None),
    )
