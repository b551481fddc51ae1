"""Where an account paid: a plain map of degrees, without tiles and so without another host."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from gateway.domain.transaction import TransactionRecord

WIDTH = 640
HEIGHT = 320
# About a kilometre: payments in one place are one point.
_DECIMALS = 2
_PLACES_MAX = 60
_SPAN_DEG_MIN = 0.5
# Room around the outermost places, as a share of what lies between them.
_MARGIN = 0.15
_STEPS_DEG = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
_LINES_MAX = 7
_RADIUS = 4.0
_RADIUS_MAX = 12.0
# Towards the poles meridians meet; the picture stays as wide as at this latitude.
_COSINE_MIN = 0.2


class Place(Struct, frozen=True, kw_only=True):
    """Where payments were made.

    Attributes:
        label: its position.
        count: payments there.
        last: the newest of them.
        is_alert: whether the alert's own payment is among them.
        x, y, radius: in the picture.
    """

    label: str
    count: int
    last: datetime
    is_alert: bool
    x: float
    y: float
    radius: float


class Line(Struct, frozen=True):
    """A meridian or a parallel: where it stands in the picture, and its degrees."""

    at: float
    label: str


class Places(Struct, frozen=True, kw_only=True):
    """The map.

    Attributes:
        places: the alert's own first, then by number of payments; empty where none has a position.
        unplaced: payments without a position.
        countries: payments by country, most first.
    """

    width: int
    height: int
    places: list[Place]
    meridians: list[Line]
    parallels: list[Line]
    unplaced: int
    countries: list[tuple[str, int]]


def places_of(transactions: Sequence[TransactionRecord], transaction_id: str) -> Places:
    """Return the map of some transactions; `transaction_id` is the alert's own."""
    groups: dict[tuple[float, float], list[TransactionRecord]] = {}
    unplaced = 0
    for each in transactions:
        if each.latitude_deg is None or each.longitude_deg is None:
            unplaced += 1
            continue
        key = round(each.latitude_deg, _DECIMALS), round(each.longitude_deg, _DECIMALS)
        groups.setdefault(key, []).append(each)
    own = {
        key
        for key, found in groups.items()
        if any(each.transaction_id == transaction_id for each in found)
    }
    chosen = sorted(groups, key=lambda key: (key not in own, -len(groups[key]), key))[:_PLACES_MAX]
    frame = _Frame(chosen)
    countries = Counter(each.country for each in transactions if each.country)
    return Places(
        width=WIDTH,
        height=HEIGHT,
        places=[
            Place(
                label=f"{_degrees(key[0], 'NS')}, {_degrees(key[1], 'EW')}",
                count=len(groups[key]),
                last=max(each.event_time for each in groups[key]),
                is_alert=key in own,
                x=frame.x(key[1]),
                y=frame.y(key[0]),
                radius=round(min(_RADIUS_MAX, _RADIUS + 2 * math.log2(len(groups[key]))), 1),
            )
            for key in chosen
        ],
        meridians=[
            Line(frame.x(each), _degrees(each, "EW"))
            for each in _round_numbers(frame.west, frame.east, 180)
        ],
        parallels=[
            Line(frame.y(each), _degrees(each, "NS"))
            for each in _round_numbers(frame.south, frame.north, 90)
        ],
        unplaced=unplaced,
        countries=countries.most_common(),
    )


class _Frame:
    """What part of the earth the picture shows, a degree of each kind as long as on the ground."""

    def __init__(self, places: Sequence[tuple[float, float]]) -> None:
        latitudes = [each[0] for each in places] or [0.0]
        longitudes = [each[1] for each in places] or [0.0]
        middle = (min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2
        cosine = max(math.cos(math.radians(middle[0])), _COSINE_MIN)
        high = max(max(latitudes) - min(latitudes), _SPAN_DEG_MIN)
        wide = max(max(longitudes) - min(longitudes), _SPAN_DEG_MIN)
        # Degrees of latitude for a unit of the picture.
        scale = (1 + 2 * _MARGIN) * max(high / HEIGHT, wide * cosine / WIDTH)
        self._scale, self._cosine = scale, cosine
        self.south = middle[0] - scale * HEIGHT / 2
        self.north = middle[0] + scale * HEIGHT / 2
        self.west = middle[1] - scale * WIDTH / 2 / cosine
        self.east = middle[1] + scale * WIDTH / 2 / cosine

    def x(self, longitude_deg: float) -> float:
        return round((longitude_deg - self.west) * self._cosine / self._scale, 1)

    def y(self, latitude_deg: float) -> float:
        return round((self.north - latitude_deg) / self._scale, 1)


def _round_numbers(low: float, high: float, most: float) -> Iterator[float]:
    """Give the round degrees of a span, few enough to be told apart."""
    low, high = max(low, -most), min(high, most)
    fitting = (step for step in _STEPS_DEG if (high - low) / step <= _LINES_MAX)
    step = next(fitting, _STEPS_DEG[-1])
    for number in range(math.ceil(low / step), math.floor(high / step) + 1):
        yield round(number * step, _DECIMALS)


def _degrees(value: float, sides: str) -> str:
    side = "" if value == 0 else f" {sides[0] if value > 0 else sides[1]}"
    return f"{abs(value):g}°{side}"
