"""Genuine payments: purchases, transfers, salaries, rents, and much that only looks odd.

Journeys, new phones, rare large purchases, employers that pay many accounts at once and landlords
that many pay are in here on purpose: a detector that calls all of them fraud is useless.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulation.people import FAVOURITE_COUNT, FRIEND_COUNT
from models.simulation.rows import CHANNEL_ECOM, DAY_NS, NO_INDEX, NS_PER_S
from models.simulation.shops import chance
from models.simulation.world import (
    START_NS,
    World,
    draw_times,
    joined,
    own_address,
    own_device,
    purchase,
    transfer,
)

MONTH_DAYS: Final = 30
# Shares of purchases, chosen by us.
EXPLORE_RATIO: Final = 0.13
CHECK_RATIO: Final = 0.01
LARGE_RATIO: Final = 0.004
SECOND_DEVICE_RATIO: Final = 0.18
AWAY_RATIO: Final = 0.3
NEW_PAYEE_RATIO: Final = 0.12


def genuine_payments(world: World, count: int) -> NDArray[np.void]:
    """Return exactly `count` payments that are no fraud, in no particular order."""
    regular = _salaries_and_rents(world)
    if len(regular) > count // 8:
        regular = regular[world.rng.permutation(len(regular))[: count // 8]]
    people, rng = world.people, world.rng
    edges = np.cumsum(people.activity)
    account = np.searchsorted(edges, rng.random(count - len(regular)) * edges[-1], side="right")
    time_ns = draw_times(world, account)
    to_friend = rng.random(len(account)) < people.transfer_ratio[account]
    return joined(
        [
            regular,
            _gifts(world, account[to_friend], time_ns[to_friend]),
            _purchases(world, account[~to_friend], time_ns[~to_friend]),
        ]
    )


def _purchases(
    world: World, account: NDArray[np.int64], time_ns: NDArray[np.int64]
) -> NDArray[np.void]:
    rng, people, shops = world.rng, world.people, world.shops
    count = len(account)
    day = (time_ns - START_NS) // DAY_NS
    online = rng.random(count) < people.online_ratio[account]
    travelling = (people.trip_start_day[account] <= day) & (day < people.trip_end_day[account])
    habit = (rng.random(count) ** people.constancy[account] * FAVOURITE_COUNT).astype(np.int64)
    explores = chance(rng, EXPLORE_RATIO, count)
    where = np.where(travelling, people.trip_city[account], people.city[account])
    terminal = np.where(
        online,
        np.where(
            explores, shops.on_the_web(rng, count, 1.2), people.favourite_online[account, habit]
        ),
        np.where(
            explores | travelling,
            shops.near(rng, where),
            people.favourite_on_site[account, habit],
        ),
    )
    rows = purchase(world, account, terminal, time_ns)
    # Shops check a card for nothing when it is stored with them.
    checked = (rows["channel"] == CHANNEL_ECOM) & chance(rng, CHECK_RATIO, count)
    rows["amount_eur"][checked] = 0.0
    large = chance(rng, LARGE_RATIO, count)
    rows["amount_eur"][large] *= np.exp(rng.normal(1.6, 0.4, np.count_nonzero(large)))
    with_device = (rows["channel"] == CHANNEL_ECOM) | people.phone_payer[account]
    second = (rows["channel"] == CHANNEL_ECOM) & chance(rng, SECOND_DEVICE_RATIO, count)
    device = own_device(world, account, day, second)
    rows["device"] = np.where(with_device, device, NO_INDEX)
    away = chance(rng, AWAY_RATIO, count)
    rows["address"] = np.where(
        rows["channel"] == CHANNEL_ECOM, own_address(account, away), NO_INDEX
    )
    return rows


def _gifts(
    world: World, account: NDArray[np.int64], time_ns: NDArray[np.int64]
) -> NDArray[np.void]:
    rng, people = world.rng, world.people
    place = (rng.random(len(account)) ** 1.5 * FRIEND_COUNT).astype(np.int64)
    stranger = chance(rng, NEW_PAYEE_RATIO, len(account))
    payee = np.where(
        stranger, rng.integers(0, people.count, len(account)), people.friend[account, place]
    )
    amount = 38.0 * people.budget[account] * np.exp(rng.normal(0.0, 0.95, len(account)))
    return transfer(world, account, payee, time_ns, np.round(amount))


def _salaries_and_rents(world: World) -> NDArray[np.void]:
    rng, people = world.rng, world.people
    parts = []
    for month in range(0, world.day_count, MONTH_DAYS):
        start_ns = START_NS + month * DAY_NS
        person = np.arange(people.count)
        payday = 25 + people.employer % 4
        on_time = payday + month < world.day_count
        seconds = 6 * 3600 + rng.integers(0, 6 * 3600, people.count)
        salary_ns = start_ns + payday * DAY_NS + seconds * NS_PER_S
        parts.append(
            transfer(
                world,
                people.employer[on_time],
                person[on_time],
                salary_ns[on_time],
                people.salary_eur[on_time],
            )
        )
        rents = (people.landlord != NO_INDEX) & (month + 4 < world.day_count)
        seconds = rng.integers(0, 3 * 86_400, people.count)
        rent_ns = start_ns + seconds * NS_PER_S
        parts.append(
            transfer(
                world,
                person[rents],
                people.landlord[rents],
                rent_ns[rents],
                np.round(0.36 * people.salary_eur[rents], -1),
            )
        )
    return joined(parts)
