"""Where a page of a list stands that can be read by page number and by cursor."""

from gateway.domain.pagination import PageQuery
from gateway.rest.schemas.alerts import PaginationBody


def pagination(
    query: PageQuery, total: int, next_cursor: str | None, *, total_is_lower_bound: bool = False
) -> PaginationBody:
    """Return where a page stands. Behind a cursor `page` stays what the caller sent."""
    return PaginationBody(
        page=query.page,
        limit=query.limit,
        total_pages=-(-total // query.limit),
        total_records=total,
        has_next=next_cursor is not None,
        has_previous=query.page > 1 or bool(query.cursor),
        next_cursor=next_cursor,
        total_is_lower_bound=total_is_lower_bound,
    )
