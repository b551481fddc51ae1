"""One page of a list that is ordered by time, newest first."""

from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Listed(Struct, Generic[T], frozen=True):
    """One page.

    Attributes:
        total: of all pages.
        next_cursor: continues after the last row; None at the end.
    """

    rows: list[T]
    total: int
    next_cursor: str | None
