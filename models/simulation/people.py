"""Who pays: accounts with a home, a budget and habits that last, so that a break shows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulation.geography import CITIES, CITY_WEIGHT
from models.simulation.shops import Shops, chance

FAVOURITE_COUNT: Final = 14
FRIEND_COUNT: Final = 5
# Devices an account may own: the phone, a computer, and the phone that replaces the first.
DEVICES_PER_ACCOUNT: Final = 3
ADDRESSES_PER_ACCOUNT: Final = 2

# Rhythms of life: relative activity by local hour 0..23 and by weekday from Monday. Chosen by us.
_OFFICE = (1, 0, 0, 0, 0, 1, 5, 14, 10, 5, 5, 9, 22, 14, 6, 6, 10, 24, 28, 20, 14, 9, 5, 2)
_HOME = (0, 0, 0, 0, 0, 1, 4, 9, 16, 22, 24, 20, 14, 12, 14, 18, 18, 14, 9, 6, 4, 3, 1, 0)
_EVENING = (12, 7, 4, 2, 1, 1, 1, 2, 3, 4, 6, 9, 12, 12, 11, 12, 14, 18, 22, 25, 27, 27, 24, 18)
_NIGHT = (16, 18, 17, 14, 10, 8, 12, 10, 5, 2, 1, 1, 1, 2, 4, 7, 9, 10, 10, 9, 9, 10, 12, 14)
HOUR_WEIGHTS: Final = np.array([_OFFICE, _HOME, _EVENING, _NIGHT], dtype=np.float64)
WEEKDAY_WEIGHTS: Final = np.array(
    [
        (1.0, 1.0, 1.0, 1.1, 1.4, 1.5, 0.8),
        (1.1, 1.1, 1.1, 1.1, 1.2, 1.0, 0.4),
        (0.7, 0.8, 0.9, 1.1, 1.6, 1.8, 1.1),
        (1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.0),
    ]
)
_RHYTHM_SHARE = (0.52, 0.22, 0.18, 0.08)


@dataclass(frozen=True, slots=True)
class People:
    """Columns over accounts of persons; employers and landlords have accounts after them.

    Attributes:
        count: number of persons.
        total_count: number of accounts, employers and landlords included.
        city: home, place in CITIES.
        rhythm: row of HOUR_WEIGHTS and WEEKDAY_WEIGHTS.
        activity: relative number of payments.
        budget: factor on amounts.
        spread: factor on the spread of amounts around what is usual at a shop.
        constancy: 1 visits all favourites alike, larger values mostly the first ones.
        online_ratio: share of purchases made on the web.
        transfer_ratio: share of payments that go to friends.
        phone_payer: whether purchases on site are made with the phone.
        favourite_on_site: terminals, most visited first.
        favourite_online: web shops, most visited first.
        friend: accounts that transfers go to, most frequent first.
        trip_city: where the account travels to.
        trip_start_day: first day of the journey; after the end of time for those who stay.
        trip_end_day: day after the last.
        new_phone_day: when the phone is replaced.
        employer: account that pays the salary.
        landlord: account that the rent goes to, -1 for owners.
        salary_eur: a month.
    """

    count: int
    total_count: int
    city: NDArray[np.int64]
    rhythm: NDArray[np.int64]
    activity: NDArray[np.float64]
    budget: NDArray[np.float64]
    spread: NDArray[np.float64]
    constancy: NDArray[np.float64]
    online_ratio: NDArray[np.float64]
    transfer_ratio: NDArray[np.float64]
    phone_payer: NDArray[np.bool_]
    favourite_on_site: NDArray[np.int64]
    favourite_online: NDArray[np.int64]
    friend: NDArray[np.int64]
    trip_city: NDArray[np.int64]
    trip_start_day: NDArray[np.int64]
    trip_end_day: NDArray[np.int64]
    new_phone_day: NDArray[np.int64]
    employer: NDArray[np.int64]
    landlord: NDArray[np.int64]
    salary_eur: NDArray[np.float64]


def settle_people(rng: np.random.Generator, count: int, day_count: int, shops: Shops) -> People:
    """Return `count` persons who live for `day_count` days among the shops."""
    city = rng.choice(len(CITIES), count, p=CITY_WEIGHT / CITY_WEIGHT.sum())
    employer_count = max(2, count // 12)
    landlord_count = max(2, count // 45)
    budget = np.exp(rng.normal(0.0, 0.42, count))
    travels = chance(rng, 0.22, count)
    never = 2 * day_count
    trip_start = np.where(travels, rng.integers(0, day_count, count), never)
    replaces = chance(rng, 0.12, count)
    rents = chance(rng, 0.45, count)
    landlord = count + employer_count + rng.integers(0, landlord_count, count)
    return People(
        count=count,
        total_count=count + employer_count + landlord_count,
        city=city,
        rhythm=rng.choice(len(_RHYTHM_SHARE), count, p=_RHYTHM_SHARE),
        activity=rng.gamma(2.2, 1.0, count) + 0.12,
        budget=budget,
        spread=np.exp(rng.normal(-0.15, 0.4, count)),
        constancy=rng.uniform(1.0, 5.0, count),
        online_ratio=rng.beta(1.6, 4.2, count),
        transfer_ratio=rng.beta(1.5, 22.0, count),
        phone_payer=chance(rng, 0.35, count),
        favourite_on_site=shops.near(rng, np.repeat(city, FAVOURITE_COUNT)).reshape(count, -1),
        favourite_online=shops.on_the_web(rng, count * FAVOURITE_COUNT).reshape(count, -1),
        friend=rng.integers(0, count, (count, FRIEND_COUNT)),
        trip_city=rng.choice(len(CITIES), count),
        trip_start_day=trip_start,
        trip_end_day=trip_start + rng.integers(2, 13, count),
        new_phone_day=np.where(replaces, rng.integers(0, day_count, count), never),
        employer=count + rng.integers(0, employer_count, count),
        landlord=np.where(rents, landlord, -1),
        salary_eur=1_450.0 * budget * np.exp(rng.normal(0.0, 0.2, count)),
    )
