"""Pages: page numbers for people, opaque cursors for depth.

A cursor holds the sort values of the last row seen.
"""

import base64
import binascii
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

import msgspec

from gateway.domain.enumerations import AlertStatus, Severity
from gateway.errors import FieldFault, InvalidArgumentError

T = TypeVar("T", bound=msgspec.Struct)

LIMIT_MAX = 100
LIMIT_DEFAULT = 20
CURSOR_LENGTH_MAX = 512
# How far page numbers reach into a list; a cursor goes on at any depth. Chosen by us: to pass this
# many rows over takes a few milliseconds.
PAGED_ROWS_MAX = 100_000
# Matches of a search that are counted and sorted. One with more walks the order of the list, and
# looks at so many alerts a request. Chosen by us, for a few milliseconds each.
SEARCH_COUNT_MAX = 1_000
SEARCH_WALK_MAX = 1_000


class AlertSort(StrEnum):
    """Orders of the alert list."""

    # The analyst's queue: open alerts first, by queue rank.
    PRIORITY = "priority"
    # Highest risk first.
    RISK_SCORE = "risk_score"
    # Newest first.
    TIMESTAMP = "timestamp"


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list. `cursor` wins over `page`."""

    page: int = 1
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


class AlertQuery(PageQuery, frozen=True, kw_only=True):
    """Which alerts to list."""

    sort: AlertSort = AlertSort.TIMESTAMP
    severity: Severity | None = None
    status: AlertStatus | None = None
    search: str = ""


def require_within_reach(query: PageQuery, rows_max: int) -> None:
    """Raise InvalidArgumentError for a page number behind the first `rows_max` of a longer list."""
    page_max = max(1, rows_max // query.limit)
    if query.cursor or query.page <= page_max:
        return
    fault = FieldFault(
        "page",
        f"page must be at most {page_max} in pages of {query.limit}, was {query.page}; "
        "next_cursor goes on at any depth",
    )
    raise InvalidArgumentError(fault.message, faults=(fault,))


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where a list continues: after the row with these sort values and this id."""

    sort: str
    value: float | datetime
    row_id: str
    is_open: bool = False


class TimePosition(msgspec.Struct, frozen=True, array_like=True):
    """Where a list by time continues: after the row with this time and this id."""

    listed: str
    time: datetime
    row_id: str


def encode_cursor(position: Position) -> str:
    """Return the position as an opaque text that is safe in a URL."""
    return _encoded(position)


def decode_cursor(cursor: str, sort: str) -> Position:
    """Return the position that a cursor stands for.

    Raises:
        InvalidArgumentError: not a cursor of ours, or one of a list in another order.
    """
    position = _decoded(cursor, Position)
    timed = isinstance(position.value, datetime)
    if position.sort != sort or timed != (sort == "timestamp") or "\0" in position.row_id:
        raise _not_ours()
    if isinstance(position.value, datetime) and position.value.tzinfo is None:
        raise _not_ours()
    return position


def encode_time_cursor(listed: str, time: datetime, row_id: str) -> str:
    """Return an opaque text for the place behind a row of a list that is ordered by time.

    Args:
        listed: name of the list; its cursors are refused by other lists.
        time: of the row.
        row_id: what orders rows of the same time.
    """
    return _encoded(TimePosition(listed, time, row_id))


def decode_time_cursor(cursor: str, listed: str) -> tuple[datetime, str]:
    """Return time and id of the row that the list goes on behind.

    Raises:
        InvalidArgumentError: not a cursor of ours, or one of another list.
    """
    position = _decoded(cursor, TimePosition)
    if position.listed != listed or position.time.tzinfo is None or "\0" in position.row_id:
        raise _not_ours()
    try:
        return position.time.astimezone(UTC), position.row_id
    except OverflowError as error:
        # Within a day of the first or the last year there is.
        raise _not_ours() from error


def _encoded(position: msgspec.Struct) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode("ascii").rstrip("=")


def _decoded(cursor: str, kind: type[T]) -> T:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        return msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise _not_ours() from error


def _not_ours() -> InvalidArgumentError:
    fault = FieldFault("cursor", "cursor must be one that an earlier page of this list gave")
    return InvalidArgumentError(fault.message, faults=(fault,))
