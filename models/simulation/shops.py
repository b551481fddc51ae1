"""Who is paid: merchants with a category and a price level, and their terminals with a place."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.simulation.geography import (
    CITIES,
    CITY_LATITUDE_DEG,
    CITY_LONGITUDE_DEG,
    CITY_WEIGHT,
)
from models.simulation.rows import CHANNEL_ATM, CHANNEL_ECOM, CHANNEL_POS


class Category(NamedTuple):
    """A kind of merchant.

    Attributes:
        mcc: ISO 18245 merchant category code.
        channel: value of the proto enum Channel.
        median_eur: middle amount paid.
        spread: standard deviation of the natural logarithm of amounts.
        share: relative number of payments.
    """

    mcc: int
    channel: int
    median_eur: float
    spread: float
    share: float


# Amounts and shares are chosen by us after what household surveys make plausible.
CATEGORIES: Final = (
    Category(5411, CHANNEL_POS, 27.0, 0.75, 22.0),
    Category(5812, CHANNEL_POS, 31.0, 0.60, 9.0),
    Category(5814, CHANNEL_POS, 9.5, 0.45, 11.0),
    Category(5541, CHANNEL_POS, 54.0, 0.35, 6.0),
    Category(4111, CHANNEL_POS, 4.2, 0.60, 7.0),
    Category(4121, CHANNEL_POS, 18.0, 0.50, 2.0),
    Category(5912, CHANNEL_POS, 17.0, 0.65, 4.0),
    Category(5651, CHANNEL_POS, 52.0, 0.70, 4.0),
    Category(5732, CHANNEL_POS, 130.0, 0.95, 1.5),
    Category(5200, CHANNEL_POS, 44.0, 0.85, 2.5),
    Category(5944, CHANNEL_POS, 190.0, 0.90, 0.3),
    Category(7011, CHANNEL_POS, 165.0, 0.60, 1.2),
    Category(6011, CHANNEL_ATM, 90.0, 0.60, 5.0),
    Category(5999, CHANNEL_ECOM, 36.0, 0.85, 9.0),
    Category(5732, CHANNEL_ECOM, 120.0, 0.95, 1.5),
    Category(5815, CHANNEL_ECOM, 8.0, 0.55, 6.0),
    Category(5968, CHANNEL_ECOM, 12.0, 0.35, 4.0),
    Category(4511, CHANNEL_ECOM, 210.0, 0.70, 0.8),
    Category(4814, CHANNEL_ECOM, 29.0, 0.40, 1.6),
    Category(7995, CHANNEL_ECOM, 34.0, 0.95, 1.0),
)
# Place of cash machines in CATEGORIES.
CASH_MACHINE: Final = 12
CATEGORY_SPREAD: Final = np.array([category.spread for category in CATEGORIES])
TERMINALS_PER_MERCHANT: Final = 3.0
TERMINALS_MAX: Final = 25
COMMON_PRICE_EUR: Final = 40.0


@dataclass(frozen=True, slots=True)
class Shops:
    """Columns over terminals, and where to find those of a city.

    Attributes:
        merchant: merchant of the terminal.
        category: place in CATEGORIES.
        city: place in CITIES.
        latitude_deg: degrees north.
        longitude_deg: degrees east.
        median_eur: middle amount paid there.
        on_site: terminals with a place, ordered by city.
        on_site_start: first place in `on_site` of each city, and the end.
        online: terminals of web shops.
    """

    merchant: NDArray[np.int32]
    category: NDArray[np.int64]
    city: NDArray[np.int64]
    latitude_deg: NDArray[np.float64]
    longitude_deg: NDArray[np.float64]
    median_eur: NDArray[np.float64]
    on_site: NDArray[np.int64]
    on_site_start: NDArray[np.int64]
    online: NDArray[np.int64]

    def near(
        self, rng: np.random.Generator, cities: NDArray[np.int64], skew: float = 1.6
    ) -> NDArray[np.int64]:
        """Return a terminal in each of the cities; above 1 `skew` prefers popular ones."""
        start = self.on_site_start[cities]
        count = self.on_site_start[cities + 1] - start
        return self.on_site[start + (rng.random(len(cities)) ** skew * count).astype(np.int64)]

    def on_the_web(
        self, rng: np.random.Generator, count: int, skew: float = 1.8
    ) -> NDArray[np.int64]:
        """Return `count` web shops; above 1 `skew` prefers popular ones."""
        return self.online[(rng.random(count) ** skew * len(self.online)).astype(np.int64)]


def open_shops(rng: np.random.Generator, account_count: int, price_contrast: float = 1.0) -> Shops:
    """Return terminals for so many accounts; each city has at least three that have a place.

    Args:
        rng: source of randomness.
        account_count: persons who will shop.
        price_contrast: 1 keeps the categories' prices apart, 0 makes all of them equally dear.
    """
    merchant_count = max(160, account_count // 5)
    share = np.array([category.share for category in CATEGORIES])
    category = rng.choice(len(CATEGORIES), merchant_count, p=share / share.sum())
    city = rng.choice(len(CITIES), merchant_count, p=CITY_WEIGHT / CITY_WEIGHT.sum())
    # Whatever the draw, every city has a grocer, a restaurant and a cash machine.
    must_have = np.tile([0, 1, CASH_MACHINE], len(CITIES))
    category[: len(must_have)] = must_have
    city[: len(must_have)] = np.repeat(np.arange(len(CITIES)), 3)
    channel = np.array([each.channel for each in CATEGORIES])[category]
    level = np.exp(rng.normal(0.0, 0.28, merchant_count))
    size = rng.geometric(1.0 / TERMINALS_PER_MERCHANT, merchant_count).clip(max=TERMINALS_MAX)
    size[channel == CHANNEL_ECOM] = 1
    merchant = np.repeat(np.arange(merchant_count), size)
    count = len(merchant)
    city, category, channel = city[merchant], category[merchant], channel[merchant]
    with_place = np.flatnonzero(channel != CHANNEL_ECOM)
    # Popular terminals come first in their city, whatever merchant they belong to.
    with_place = with_place[rng.permutation(len(with_place))]
    on_site = with_place[np.argsort(city[with_place], kind="stable")]
    medians = np.array([each.median_eur for each in CATEGORIES])
    medians = COMMON_PRICE_EUR * (medians / COMMON_PRICE_EUR) ** price_contrast
    return Shops(
        merchant=merchant.astype(np.int32),
        category=category,
        city=city,
        latitude_deg=CITY_LATITUDE_DEG[city] + rng.normal(0.0, 0.05, count),
        longitude_deg=CITY_LONGITUDE_DEG[city] + rng.normal(0.0, 0.07, count),
        median_eur=medians[category] * level[merchant],
        on_site=on_site,
        on_site_start=np.searchsorted(city[on_site], np.arange(len(CITIES) + 1)),
        online=rng.permutation(np.flatnonzero(channel == CHANNEL_ECOM)),
    )


def chance(rng: np.random.Generator, ratio: float, count: int) -> NDArray[np.bool_]:
    """Return `count` draws that are true with a probability of `ratio`."""
    return rng.random(count) < ratio
