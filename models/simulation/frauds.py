"""Fraudulent payments, drawn one campaign at a time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.simulation.geography import (
    CITIES,
    CITY_CURRENCY,
    CITY_UTC_OFFSET_H,
    COUNTRIES,
    CURRENCIES,
    CURRENCY_UNITS,
)
from models.simulation.rows import CHANNEL_ATM, CHANNEL_ECOM
from models.simulation.shops import CASH_MACHINE, chance
from models.simulation.world import (
    START_NS,
    World,
    attacker_address,
    attacker_device,
    joined,
    purchase,
    transfer,
)
from scoring_server.currencies import DEFAULT_REPORTING_LIMITS

_DAY_S: Final = 86_400.0
_LIMITS_EUR: Final = np.array(
    [
        DEFAULT_REPORTING_LIMITS.get(name, np.nan) / units
        for name, units in zip(CURRENCIES, CURRENCY_UNITS, strict=True)
    ]
)


def card_testing(world: World) -> NDArray[np.void]:
    """Stolen card numbers are tried with tiny amounts at one web shop; those that work are used."""
    rng = world.rng
    cards = _victims(world, int(rng.integers(6, 24)))
    tries = np.repeat(cards, rng.integers(1, 4, len(cards)))
    start_s = _start_s(world, 4)
    offset_s = start_s + np.sort(rng.uniform(0.0, rng.uniform(600, 7_200), len(tries)))
    shop = np.repeat(world.shops.on_the_web(rng, 1, 1.0), len(tries))
    probes = purchase(world, tries, shop, _times(world, offset_s))
    probes["amount_eur"] = np.exp(rng.normal(0.2, 0.55, len(tries)))
    # One tester in three pays nothing at all: the shop only checks whether the card is good.
    probes["amount_eur"] *= rng.integers(3) > 0
    used = np.repeat(cards[chance(rng, 0.45, len(cards))], 2)
    later_s = offset_s[-1] + rng.gamma(1.5, 8_000.0, len(used))
    shops = world.shops.on_the_web(rng, len(used), 1.0)
    hauls = purchase(world, used, shops, _times(world, later_s))
    hauls["amount_eur"] = 95.0 * np.exp(rng.normal(0.0, 0.75, len(used)))
    rows = joined([probes, hauls])
    source = rng.choice(world.strangers(int(rng.integers(1, 4))), len(rows))
    rows["device"] = attacker_device(source)
    rows["address"] = attacker_address(source)
    return rows


def account_takeover(world: World) -> NDArray[np.void]:
    """An intruder moves an account's money, at night, from a new device to payees of his own."""
    rng, people = world.rng, world.people
    victim = int(rng.integers(people.count))
    count = int(rng.integers(2, 6))
    payees = rng.integers(0, people.count, int(rng.integers(1, 3)))
    offset_h = int(CITY_UTC_OFFSET_H[people.city[victim]])
    hour = (rng.normal(3.0, 1.8) - offset_h) % 24
    start_s = np.floor(_start_s(world, 2) / _DAY_S) * _DAY_S + hour * 3_600.0
    seconds = start_s + np.cumsum(rng.exponential(900.0, count))
    amount = np.round(people.salary_eur[victim] * rng.uniform(0.12, 0.9, count))
    payer = np.full(count, victim)
    rows = transfer(world, payer, rng.choice(payees, count), _times(world, seconds), amount)
    stranger = world.strangers(1)
    rows["device"] = attacker_device(stranger)
    rows["address"] = attacker_address(stranger)
    if rng.random() < rng.random():
        rows["country"] = rng.integers(len(COUNTRIES))
    return rows


def stolen_card(world: World) -> NDArray[np.void]:
    """A thief shops with a card for days, among its owner's own payments, for larger amounts."""
    rng = world.rng
    victim = _victims(world, 1)
    count = int(rng.integers(4, 13))
    account = np.repeat(victim, count)
    on_site = world.shops.near(rng, world.people.city[account], 1.0)
    terminal = np.where(chance(rng, 0.2, count), world.shops.on_the_web(rng, count), on_site)
    span_s = rng.uniform(0.4, 7.0) * _DAY_S
    seconds = _start_s(world, 7) + np.sort(rng.uniform(0.0, span_s, count))
    rows = purchase(world, account, terminal, _times(world, seconds))
    # Half of the thieves buy what can be sold again, the others spend as the owner does, but more.
    if rng.random() < rng.random():
        rows["amount_eur"] = 210.0 * np.exp(rng.normal(0.0, 0.6, count))
    else:
        rows["amount_eur"] *= np.exp(rng.normal(1.3, 0.3, count))
    online = rows["channel"] == CHANNEL_ECOM
    stranger = world.strangers(1)
    rows["device"][online] = attacker_device(stranger)
    rows["address"][online] = attacker_address(stranger)
    return rows


def cloned_cards(world: World) -> NDArray[np.void]:
    """Cards that were skimmed at one terminal are emptied at one cash machine abroad."""
    rng, shops = world.rng, world.shops
    cards = _victims(world, int(rng.integers(3, 9)))
    abroad = int(rng.integers(len(CITIES)))
    machines = np.flatnonzero((shops.category == CASH_MACHINE) & (shops.city == abroad))
    terminal = np.full(len(cards), rng.choice(machines))
    seconds = _start_s(world, 1) + np.sort(rng.uniform(0.0, 3 * 3_600.0, len(cards)))
    rows = purchase(world, cards, terminal, _times(world, seconds))
    rows["amount_eur"] = np.rint(rng.uniform(120, 480, len(cards)) / 20) * 20
    rows["channel"] = CHANNEL_ATM
    return rows


def structuring(world: World) -> NDArray[np.void]:
    """Money is moved on in pieces that stay just below the reporting limit."""
    rng, people = world.rng, world.people
    limits_eur = _LIMITS_EUR[CITY_CURRENCY[people.city]]
    payer = int(rng.choice(np.flatnonzero(~np.isnan(limits_eur))))
    count = int(rng.integers(4, 10))
    amount = limits_eur[payer] * (0.998 - rng.beta(1.2, 9.0, count) * 0.19)
    payees = rng.integers(0, people.count, int(rng.integers(1, 4)))
    span_s = rng.uniform(0.8, 4.0) * _DAY_S
    time_ns = _times(world, _start_s(world, 5) + np.sort(rng.uniform(0.0, span_s, count)))
    return transfer(world, np.full(count, payer), rng.choice(payees, count), time_ns, amount)


def mule(world: World) -> NDArray[np.void]:
    """Many pay one account that they never paid; it passes nearly all of it on within hours."""
    rng, people = world.rng, world.people
    payers = _victims(world, int(rng.integers(7, 19)))
    hub, payers = int(payers[0]), payers[1:]
    span_s = rng.uniform(0.15, 1.6) * _DAY_S
    seconds = _start_s(world, 4) + np.sort(rng.uniform(0.0, span_s, len(payers)))
    amounts = np.round(320.0 * np.exp(rng.normal(0.0, 0.6, len(payers)))) + 1.0
    inward = transfer(world, payers, np.full(len(payers), hub), _times(world, seconds), amounts)
    count = int(rng.integers(3, 8))
    parts = rng.dirichlet(np.full(count, 3.0)) * amounts.sum() * rng.uniform(0.85, 0.97)
    later_s = seconds[-1] + np.cumsum(rng.exponential(2_500.0, count))
    payees = rng.integers(0, people.count, count)
    outward = transfer(
        world, np.full(count, hub), payees, _times(world, later_s), np.round(parts) + 1.0
    )
    return joined([inward, outward])


def compromise_terminal(world: World, genuine: NDArray[np.void]) -> NDArray[np.int64]:
    """Return genuine payments that a manipulated terminal turns into fraud.

    Nothing about them looks odd: only what became known of the terminal can tell. A terminal is as
    likely to be chosen as it is busy.
    """
    rng = world.rng
    terminal = int(rng.choice(genuine["terminal"]))
    while terminal < 0:
        terminal = int(rng.choice(genuine["terminal"]))
    start_ns = START_NS + int(_start_s(world, 10) * 1e9)
    end_ns = start_ns + int(rng.uniform(5.0, 25.0) * _DAY_S * 1e9)
    time_ns = genuine["time_ns"]
    here = genuine["terminal"] == terminal
    rows = np.flatnonzero(here & (time_ns >= start_ns) & (time_ns < end_ns))
    if len(rows) == 0:
        rows = np.flatnonzero(here)[:1]
    return rows[chance(rng, float(rng.uniform(0.5, 0.95)), len(rows))]


def _victims(world: World, count: int) -> NDArray[np.int64]:
    return world.rng.choice(world.people.count, min(world.people.count, count), replace=False)


def _start_s(world: World, margin_days: float) -> float:
    # The first days stay quiet: without a past there is nothing to break with.
    return float(world.rng.uniform(3.0, world.day_count - margin_days)) * _DAY_S


def _times(world: World, seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    latest_s = world.day_count * _DAY_S - 1.0
    return START_NS + (np.minimum(seconds, latest_s) * 1000).astype(np.int64) * 1_000_000
