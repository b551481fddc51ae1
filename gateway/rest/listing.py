"""The query parameters of lists that are ordered by time, and where a page of one stands."""

from typing import Annotated, TypeVar

from litestar.params import QueryParameter

from gateway.domain.listing import Listed, ListQuery
from gateway.domain.pagination import CURSOR_LENGTH_MAX
from gateway.rest.schemas.alerts import PaginationBody

T = TypeVar("T")

Cursor = Annotated[
    str,
    QueryParameter(max_length=CURSOR_LENGTH_MAX, description="`next_cursor` of the page before"),
]


def pagination(query: ListQuery, listed: Listed[T]) -> PaginationBody:
    """Return where a page stands. Behind a cursor `page` stays what the caller sent."""
    return PaginationBody(
        page=query.page,
        limit=query.limit,
        total_pages=-(-listed.total // query.limit),
        total_records=listed.total,
        has_next=listed.next_cursor is not None,
        has_previous=query.page > 1 or bool(query.cursor),
        next_cursor=listed.next_cursor,
    )
