"""One page of a list that is ordered by time, newest first, by number or by cursor."""

from typing import Any

from sqlalchemy import Row, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from gateway.domain.pagination import (
    PAGED_ROWS_MAX,
    PageQuery,
    decode_time_cursor,
    encode_time_cursor,
    require_within_reach,
)


async def time_page(
    connection: AsyncConnection,
    matching: Select[Any],
    order: tuple[ColumnElement[Any], ColumnElement[Any]],
    listed: str,
    query: PageQuery,
) -> tuple[list[Row[Any]], str | None]:
    """Return the rows of a page and the cursor that continues after it, None at the end.

    Args:
        connection: to the database.
        matching: what is listed, in no order; it selects both columns of `order`.
        order: time, and the id that makes the order total.
        listed: name of the list, so that cursors of other lists are refused.
        query: which page.

    Raises:
        InvalidArgumentError: a cursor of another list, or a page further back than page numbers
            reach.
    """
    require_within_reach(query, PAGED_ROWS_MAX)
    time, row_id = order
    found = matching.order_by(time.desc(), row_id.desc())
    if query.cursor:
        last_time, last_id = decode_time_cursor(query.cursor, listed)
        last = tuple_(literal(last_time, time.type), literal(last_id))
        found = found.where(tuple_(time, row_id) < last)
    else:
        found = found.offset((query.page - 1) * query.limit)
    # One more than asked for tells whether the list goes on.
    rows = list(await connection.execute(found.limit(query.limit + 1)))
    shown = rows[: query.limit]
    if len(rows) <= query.limit:
        return shown, None
    end = shown[-1]._mapping  # noqa: SLF001 - the documented way to a row's columns by name
    return shown, encode_time_cursor(listed, end[time], end[row_id])
