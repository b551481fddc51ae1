"""Lists that are ordered by time, newest first: what is asked for, and one page of it."""

from typing import Generic, TypeVar

from msgspec import Struct

from gateway.domain.pagination import LIMIT_DEFAULT

T = TypeVar("T")


class ListQuery(Struct, frozen=True):
    """What to list. `cursor` wins over `page`."""

    page: int = 1
    limit: int = LIMIT_DEFAULT
    cursor: str = ""


class Listed(Struct, Generic[T], frozen=True):
    """One page.

    Attributes:
        total: of all pages.
        next_cursor: continues after the last row; None at the end.
    """

    rows: list[T]
    total: int
    next_cursor: str | None
