"""Reading whole lists, batch by batch, each in a read of its own."""

from collections.abc import AsyncIterator

import msgspec

from gateway.domain.alert import Alert
from gateway.domain.feedback import Feedback, FeedbackQuery
from gateway.domain.pagination import AlertQuery
from gateway.services.alerts import AlertService
from gateway.services.feedback import FeedbackService

# Rows of one read; chosen by us, so that one takes a few milliseconds.
BATCH_ROWS = 500


class ExportService:
    """The use cases of exporting.

    Rows that come in meanwhile are left out where the list is by time. A row that moves to another
    place in the order meanwhile may be left out, or come twice.
    """

    def __init__(self, alerts: AlertService, feedback: FeedbackService) -> None:
        self._alerts = alerts
        self._feedback = feedback

    async def alerts(self, query: AlertQuery) -> AsyncIterator[list[Alert]]:
        """Return all alerts that a query names, in its order."""
        cursor: str | None = ""
        while cursor is not None:
            page = await self._alerts.page(
                msgspec.structs.replace(query, page=1, limit=BATCH_ROWS, cursor=cursor)
            )
            cursor = page.next_cursor
            yield page.alerts

    async def feedback(self, query: FeedbackQuery) -> AsyncIterator[list[Feedback]]:
        """Return all resolutions that a query names, newest first."""
        cursor: str | None = ""
        while cursor is not None:
            page = await self._feedback.page(
                msgspec.structs.replace(query, page=1, limit=BATCH_ROWS, cursor=cursor)
            )
            cursor = page.next_cursor
            yield page.rows
