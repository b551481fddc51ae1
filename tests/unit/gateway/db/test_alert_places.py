"""Places far back in a list: the last before a row, looked up once and again when they are old."""

import asyncio
from itertools import count

import pytest

from gateway.db.repositories import alert_places
from gateway.db.repositories.alert_places import AlertPlaces
from gateway.domain.pagination import AlertSort, Position

_STEP = alert_places.PLACE_STEP


def place(row: int) -> Position:
    return Position(AlertSort.RISK_SCORE, float(row), f"row-{row}")


class Walk:
    """A list of so many rows, and how often its places were looked up."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.walks = 0

    async def __call__(self) -> list[Position]:
        self.walks += 1
        await asyncio.sleep(0)
        return [place(row) for row in range(_STEP, self.rows + 1, _STEP)]


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (0, (None, 0)),
        (_STEP - 1, (None, _STEP - 1)),
        (_STEP, (place(_STEP), 0)),
        (2 * _STEP + 7, (place(2 * _STEP), 7)),
        # Behind the end.
        (9 * _STEP, (place(3 * _STEP), 6 * _STEP)),
    ],
)
async def test_row_is_reached_from_the_last_place_before_it(
    offset: int, expected: tuple[Position | None, int]
) -> None:
    assert await AlertPlaces(lambda: 0.0).before("a", offset, Walk(3 * _STEP)) == expected


async def test_short_list_has_no_places() -> None:
    assert await AlertPlaces(lambda: 0.0).before("a", _STEP, Walk(_STEP - 1)) == (None, _STEP)


async def test_rows_before_the_first_place_need_no_walk() -> None:
    walk = Walk(3 * _STEP)
    await AlertPlaces(lambda: 0.0).before("a", _STEP - 1, walk)
    assert walk.walks == 0


async def test_all_who_ask_at_once_share_one_walk_of_each_list() -> None:
    places, walk = AlertPlaces(lambda: 0.0), Walk(3 * _STEP)
    await asyncio.gather(*(places.before("a", _STEP, walk) for _ in range(9)))
    assert walk.walks == 1
    await places.before("b", _STEP, walk)
    assert walk.walks == 2


async def test_places_are_looked_up_again_after_some_seconds() -> None:
    seconds = count(0.0, 2.0)
    places, walk = AlertPlaces(lambda: next(seconds)), Walk(3 * _STEP)
    # At 0, 2, 4 and 6 seconds.
    for _ in range(4):
        await places.before("a", _STEP, walk)
    assert walk.walks == 2


async def test_walk_that_failed_is_tried_again() -> None:
    places, walk = AlertPlaces(lambda: 0.0), Walk(3 * _STEP)

    async def failing() -> list[Position]:
        raise LookupError

    with pytest.raises(LookupError):
        await places.before("a", _STEP, failing)
    assert await places.before("a", _STEP, walk) == (place(_STEP), 0)
