"""From changes of alerts to the frames that clients get."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime

import msgspec

from gateway.domain.change import Change, ChangeFilter, ChangePosition
from gateway.domain.transaction import TransactionRecord
from gateway.rest import views
from gateway.rest.event_stream import frame
from gateway.rest.schemas.live import AlertChangeBody, ChangeBody, LiveTransactionBody, ResumeBody
from gateway.services.change_feed import ChangeFeed, Follower
from gateway.services.transaction_feed import Watcher

# Frames that are kept, so that each is made once for all clients.
_KEPT_MAX = 1_024


def alert_change(change: Change, now: datetime) -> AlertChangeBody:
    """Return a change as live events and webhooks tell it."""
    event = change.event
    return AlertChangeBody(
        **views.alert_fields(change.alert, now),  # type: ignore[arg-type]
        change=ChangeBody(
            action=event.action,
            old_status=event.old_status,
            new_status=event.new_status,
            analyst_id=event.analyst_id,
            content=event.content,
            timestamp=event.event_time,
        ),
    )


class AlertFrames:
    """Makes the frames of changes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._kept: OrderedDict[ChangePosition, bytes] = OrderedDict()

    async def stream(
        self, feed: ChangeFeed, follower: Follower, wanted: ChangeFilter, retry_ms: int
    ) -> AsyncGenerator[bytes, None]:
        """Return all frames of one client, those that wait for it joined: a send costs more."""
        yield frame(event_id=str(follower.passed), retry_ms=retry_ms)
        if follower.lost:
            yield _resume("resync", follower)
        async with aclosing(follower.changes(feed.missed)) as changes:
            async for waiting in changes:
                if frames := [self._frame(each) for each in waiting if wanted.passes(each)]:
                    yield b"".join(frames)
        yield _resume("behind", follower)

    def _frame(self, change: Change) -> bytes:
        made = self._kept.get(change.position)
        if made is None:
            made = frame(
                event=change.kind,
                data=msgspec.json.encode(alert_change(change, self._now())),
                event_id=str(change.position),
            )
            self._kept[change.position] = made
            if len(self._kept) > _KEPT_MAX:
                self._kept.popitem(last=False)
        return made


async def transaction_frames(watcher: Watcher, retry_ms: int) -> AsyncGenerator[bytes, None]:
    """Return all frames of one who watches transactions; they have no ids."""
    yield frame(retry_ms=retry_ms)
    async with aclosing(watcher.transactions()) as transactions:
        async for waiting in transactions:
            yield b"".join(_transaction_frame(each) for each in waiting)


def _transaction_frame(transaction: TransactionRecord) -> bytes:
    body = LiveTransactionBody(
        **msgspec.structs.asdict(views.transaction(transaction)),
        severity=transaction.severity,
        ingested_at=transaction.ingest_time,
        alert_id=transaction.alert_id,
    )
    return frame(event="transaction", data=msgspec.json.encode(body))


def silence() -> bytes:
    """Return a frame that only shows that the connection lives."""
    return b": \n\n"


def heartbeat(follower: Follower) -> bytes:
    """Return a frame that only tells the client how far it is."""
    return b": \n" + frame(event_id=str(follower.passed))


def _resume(event: str, follower: Follower) -> bytes:
    position = str(follower.passed)
    data = msgspec.json.encode(ResumeBody(resume_after=position))
    return frame(event=event, data=data, event_id=position)
