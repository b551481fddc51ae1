"""Wherever payments are made, the map shows each place within its frame and where it belongs."""

from datetime import UTC, datetime, timedelta
from math import cos, isclose, radians

from hypothesis import given
from hypothesis import strategies as st

from gateway.console.places import HEIGHT, WIDTH, Places, places_of
from tests.support.alert_values import transaction

NOW = datetime(2026, 2, 9, tzinfo=UTC)
POSITIONS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def mapped(positions: list[tuple[float, float] | None], own: int = 0) -> Places:
    rows = [
        transaction(
            f"tx-{number}",
            event_time=NOW + timedelta(minutes=number),
            latitude_deg=position[0] if position else None,
            longitude_deg=position[1] if position else None,
            country="DE",
        )
        for number, position in enumerate(positions)
    ]
    return places_of(rows, f"tx-{own}")


@given(st.lists(POSITIONS, min_size=1, max_size=80))
def test_every_place_and_line_is_within_the_frame(positions: list[tuple[float, float]]) -> None:
    found = mapped(list(positions))
    assert found.places[0].is_alert
    assert sum(each.is_alert for each in found.places) == 1
    for each in found.places:
        assert 0 <= each.x <= WIDTH
        assert 0 <= each.y <= HEIGHT
    assert all(0 <= each.at <= WIDTH for each in found.meridians)
    assert all(0 <= each.at <= HEIGHT for each in found.parallels)
    assert max(len(found.meridians), len(found.parallels)) <= 8


def test_north_is_up_east_is_right_and_a_kilometre_is_as_long_both_ways() -> None:
    found = mapped([(52.0, 13.0), (53.0, 13.0), (52.0, 14.0)])
    south, north, east = sorted(found.places, key=lambda each: each.last)
    assert (north.x, east.y) == (south.x, south.y)
    assert north.y < south.y
    assert east.x > south.x
    wanted = cos(radians(52.5)) * (south.y - north.y)
    assert isclose(east.x - south.x, wanted, abs_tol=0.2)
    assert south.label == "52° N, 13° E"


def test_payments_in_one_place_are_one_point_and_the_alerts_own_comes_first() -> None:
    found = mapped([(40.001, -74.0), (-33.86, 151.2), (-33.861, 151.199), None], own=0)
    assert [(each.label, each.count, each.is_alert) for each in found.places] == [
        ("40° N, 74° W", 1, True),
        ("33.86° S, 151.2° E", 2, False),
    ]
    assert found.places[1].radius > found.places[0].radius
    assert found.places[1].last == NOW + timedelta(minutes=2)
    assert found.unplaced == 1


def test_without_positions_countries_are_told() -> None:
    found = mapped([None, None])
    assert (found.places, found.unplaced) == ([], 2)
    assert found.countries == [("DE", 2)]
