"""Everything a payment history is drawn from, and what a payment takes over from it."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulation.geography import CITY_COUNTRY, CITY_CURRENCY, CITY_UTC_OFFSET_H
from models.simulation.people import (
    ADDRESSES_PER_ACCOUNT,
    DEVICES_PER_ACCOUNT,
    HOUR_WEIGHTS,
    WEEKDAY_WEIGHTS,
    People,
    settle_people,
)
from models.simulation.rows import (
    ATTACKER_ADDRESS_START,
    CHANNEL_ATM,
    CHANNEL_ECOM,
    CHANNEL_TRANSFER,
    DAY_NS,
    NS_PER_S,
    blank_rows,
)
from models.simulation.shops import CATEGORIES, CATEGORY_SPREAD, Shops, chance, open_shops

# Monday 2025-01-06, 00:00 UTC.
START_NS: Final = 1_736_121_600 * NS_PER_S

_MCC = np.array([category.mcc for category in CATEGORIES], dtype=np.uint16)
_CHANNEL = np.array([category.channel for category in CATEGORIES], dtype=np.int8)


@dataclass(slots=True)
class World:
    """People, shops and the source of all randomness.

    Attributes:
        rng: the only generator; the same seed gives the same history.
        day_count: length of the history.
        people: who pays.
        shops: who is paid.
        stranger_count: devices and addresses handed out to attackers so far.
    """

    rng: np.random.Generator
    day_count: int
    people: People
    shops: Shops
    stranger_count: int = 0

    def strangers(self, count: int) -> NDArray[np.int64]:
        """Return `count` numbers that no attacker has used before."""
        first = self.stranger_count
        self.stranger_count += count
        return np.arange(first, first + count)


def make_world(seed: int, account_count: int, day_count: int, price_contrast: float = 1.0) -> World:
    """Return a world of `account_count` persons; see open_shops for `price_contrast`."""
    rng = np.random.default_rng(seed)
    shops = open_shops(rng, account_count, price_contrast)
    return World(rng, day_count, settle_people(rng, account_count, day_count, shops), shops)


def attacker_device(stranger: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the device of an attacker; it lies past those of all accounts."""
    return stranger + (1 << 28)


def attacker_address(stranger: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the IP address index of an attacker."""
    return stranger + ATTACKER_ADDRESS_START


def own_device(
    world: World, account: NDArray[np.int64], day: NDArray[np.int64], second: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return an account's device on a day: its computer where `second`, else its phone."""
    phone = np.where(day >= world.people.new_phone_day[account], 2, 0)
    return account * DEVICES_PER_ACCOUNT + np.where(second, 1, phone)


def own_address(account: NDArray[np.int64], away: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the IP address of an account: at home, or on the mobile network where `away`."""
    return account * ADDRESSES_PER_ACCOUNT + away


def draw_times(world: World, account: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an instant for each payment, by the rhythm and the time zone of its account."""
    rng, rhythm = world.rng, world.people.rhythm[account]
    day = np.empty(len(account), dtype=np.int64)
    hour = np.empty(len(account), dtype=np.int64)
    for kind in range(len(HOUR_WEIGHTS)):
        mine = np.flatnonzero(rhythm == kind)
        days = np.resize(WEEKDAY_WEIGHTS[kind], world.day_count)
        day[mine] = _draw(rng, days, len(mine))
        hour[mine] = _draw(rng, HOUR_WEIGHTS[kind], len(mine))
    local_s = (day * 24 + hour) * 3600 - CITY_UTC_OFFSET_H[world.people.city[account]] * 3600
    # What local time pushes over an edge of the history comes back in at the other.
    seconds = local_s % (world.day_count * 86_400) + rng.random(len(account)) * 3600
    return START_NS + (seconds * 1000).astype(np.int64) * 1_000_000


def purchase(
    world: World,
    account: NDArray[np.int64],
    terminal: NDArray[np.int64],
    time_ns: NDArray[np.int64],
) -> NDArray[np.void]:
    """Return payments of accounts at terminals, at prices usual there and for the account."""
    shops = world.shops
    rows = blank_rows(len(account))
    category, city = shops.category[terminal], shops.city[terminal]
    on_site = _CHANNEL[category] != CHANNEL_ECOM
    noise = (
        world.rng.normal(0.0, 1.0, len(account))
        * CATEGORY_SPREAD[category]
        * world.people.spread[account]
    )
    amount = shops.median_eur[terminal] * world.people.budget[account] ** 0.6 * np.exp(noise)
    cash = _CHANNEL[category] == CHANNEL_ATM
    rows["time_ns"] = time_ns
    rows["account"] = account
    rows["terminal"] = terminal
    rows["amount_eur"] = np.where(cash, np.maximum(1, np.rint(amount / 10)) * 10, amount)
    rows["mcc"] = _MCC[category]
    rows["channel"] = _CHANNEL[category]
    rows["currency"] = CITY_CURRENCY[city]
    rows["country"] = CITY_COUNTRY[city]
    rows["latitude_deg"] = np.where(on_site, shops.latitude_deg[terminal], np.nan)
    rows["longitude_deg"] = np.where(on_site, shops.longitude_deg[terminal], np.nan)
    return rows


def transfer(
    world: World,
    payer: NDArray[np.int64],
    payee: NDArray[np.int64],
    time_ns: NDArray[np.int64],
    amount_eur: NDArray[np.float64],
) -> NDArray[np.void]:
    """Return transfers between accounts, made on the payer's own phone or computer at home."""
    rows = blank_rows(len(payer))
    people, rng = world.people, world.rng
    # Employers and landlords come after the persons and bank where person number 0 lives.
    home = people.city[np.where(payer < people.count, payer, 0)]
    person = np.minimum(payer, people.count - 1)
    day = (time_ns - START_NS) // DAY_NS
    rows["time_ns"] = time_ns
    rows["account"] = payer
    rows["counterparty"] = payee
    rows["amount_eur"] = amount_eur
    rows["channel"] = CHANNEL_TRANSFER
    rows["currency"] = CITY_CURRENCY[home]
    rows["country"] = CITY_COUNTRY[home]
    device = own_device(world, person, day, chance(rng, 0.3, len(payer)))
    rows["device"] = np.where(payer < people.count, device, payer * DEVICES_PER_ACCOUNT)
    rows["address"] = own_address(payer, chance(rng, 0.25, len(payer)))
    return rows


def joined(parts: list[NDArray[np.void]]) -> NDArray[np.void]:
    """Return all rows of the parts."""
    return np.concatenate(parts) if parts else blank_rows(0)


def _draw(rng: np.random.Generator, weights: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    edges = np.cumsum(weights)
    places: NDArray[np.int64] = np.searchsorted(edges, rng.random(count) * edges[-1], "right")
    return places
