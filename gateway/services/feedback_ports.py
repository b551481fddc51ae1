"""What the services of feedback need from the database, declared by those who use it."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from gateway.domain.alert import Alert
from gateway.domain.feedback import Feedback, FeedbackCount, FeedbackDecision, Period


class Resolutions(Protocol):
    """Resolutions and their counts; see db/repositories/feedback.py."""

    async def resolutions(
        self,
        decision: FeedbackDecision | None,
        analyst: str,
        since: datetime | None,
        after: tuple[datetime, str] | None,
        offset: int,
        limit: int,
    ) -> list[Feedback]: ...
    async def resolution(self, decision_id: str) -> Feedback | None: ...
    async def counts(
        self, period: Period, since: datetime | None, analyst: str
    ) -> list[FeedbackCount]: ...
    async def alerts_raised(self, since: datetime | None) -> int: ...


class CountedCases(Protocol):
    """Decisions that another version stored; see db/repositories/cases.py."""

    async def uncounted(self) -> bool: ...
    async def count_decisions(self, limit: int) -> int: ...


class DecidedAlerts(Protocol):
    """Alerts; see db/repositories/alerts.py."""

    async def get(self, alert_id: str) -> Alert | None: ...


class FeedbackUnit(Protocol):
    """One database transaction."""

    @property
    def alerts(self) -> DecidedAlerts: ...
    @property
    def cases(self) -> CountedCases: ...
    @property
    def feedback(self) -> Resolutions: ...


class FeedbackDatabase(Protocol):
    """Opens database transactions; see db/engine.py."""

    def read(self) -> AbstractAsyncContextManager[FeedbackUnit]: ...
    def write(self) -> AbstractAsyncContextManager[FeedbackUnit]: ...
