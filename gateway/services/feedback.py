"""Reading what analysts found, and counting what another version of this program stored."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.domain import feedback
from gateway.domain.feedback import (
    Feedback,
    FeedbackDetail,
    FeedbackPage,
    FeedbackQuery,
    FeedbackRange,
    FeedbackSummary,
)
from gateway.domain.pagination import (
    PAGED_ROWS_MAX,
    decode_time_cursor,
    encode_time_cursor,
    require_within_reach,
)
from gateway.errors import GatewayError, NotFoundError
from gateway.services.feedback_ports import FeedbackDatabase
from gateway.services.shared_reads import shared
from gateway.services.uninterrupted import uninterrupted

_LIST = "feedback"
# Decisions counted in one transaction, and how often a process looks for some; chosen by us.
_COUNTED_AT_ONCE = 500
_LOOK_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


class FeedbackService:
    """The use cases of the feedback page."""

    def __init__(self, database: FeedbackDatabase, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    @shared
    async def page(self, query: FeedbackQuery) -> FeedbackPage:
        """Return one page of resolutions, newest first, with what its range comes to.

        The summary is of the range and the analyst, whatever the decision filter is.
        """
        since = feedback.start_of(query.span, self._now())
        after = decode_time_cursor(query.cursor, _LIST) if query.cursor else None
        async with self._database.read() as unit:
            counts = await unit.feedback.counts(
                feedback.period_of(query.span), since, query.analyst
            )
            raised = await unit.feedback.alerts_raised(since)
            total = feedback.listed(counts, query.decision)
            offset = 0 if after else (query.page - 1) * query.limit
            rows: list[Feedback] = []
            if after or offset < total:
                require_within_reach(query, PAGED_ROWS_MAX)
                # One more than asked for tells whether the list goes on.
                rows = await unit.feedback.resolutions(
                    query.decision, query.analyst, since, after, offset, query.limit + 1
                )
        page = rows[: query.limit]
        last = page[-1] if len(rows) > query.limit else None
        return FeedbackPage(
            page,
            total,
            encode_time_cursor(_LIST, last.resolved_time, last.feedback_id) if last else None,
            feedback.summary(counts, raised, since),
        )

    @shared
    async def summary(self, span: FeedbackRange) -> FeedbackSummary:
        """Return what the resolutions of a range come to."""
        since = feedback.start_of(span, self._now())
        async with self._database.read() as unit:
            counts = await unit.feedback.counts(feedback.period_of(span), since, "")
            return feedback.summary(counts, await unit.feedback.alerts_raised(since), since)

    async def detail(self, feedback_id: str) -> FeedbackDetail:
        """Return a resolution with its alert, or raise NotFoundError."""
        async with self._database.read() as unit:
            found = await unit.feedback.resolution(feedback_id)
            alert = None if found is None else await unit.alerts.get(found.alert_id)
        if found is None or alert is None:
            raise NotFoundError("no such feedback", details={"feedback_id": feedback_id})
        return FeedbackDetail(found, alert)


class FeedbackCounter:
    """Counts decisions that are stored and not counted.

    There are some after an upgrade, and while the previous version still serves beside this one.
    """

    def __init__(self, database: FeedbackDatabase) -> None:
        self._database = database

    async def run(self) -> None:
        """Look for ever, at the start and then from time to time."""
        while True:
            try:
                while await uninterrupted(self.count_some()):
                    pass
            except GatewayError as error:
                _log.warning("decisions_wait_to_be_counted", fault=error.message)
            except Exception:  # noqa: BLE001 - a background task must not end; it is logged whole
                _log.exception("counting_decisions_failed")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def count_some(self) -> int:
        """Count some decisions in a transaction of their own; return how many."""
        async with self._database.read() as unit:
            if not await unit.cases.uncounted():
                return 0
        async with self._database.write() as unit:
            return await unit.cases.count_decisions(_COUNTED_AT_ONCE)
