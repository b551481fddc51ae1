"""A whole history of payments: genuine ones, fraud of six kinds, and labels that come late."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.simulation import frauds
from models.simulation.rows import PAYMENT_SCENARIOS, payments_table
from models.simulation.spending import genuine_payments
from models.simulation.world import World, joined, make_world

DAY_COUNT_MIN, DAY_COUNT_MAX = 30, 365
TRANSACTION_COUNT_MIN: Final = 1_000
PAYMENTS_PER_ACCOUNT_DAY: Final = 1.1
FRAUD_RATIO: Final = 0.008

# Share of fraudulent rows, and days until a label is known as median and spread of its natural
# logarithm. Chosen by us: card holders see their statement, banks hear of takeovers within days,
# laundering is found in slow enquiries.
_SHARES: Final = {
    "card_testing": 0.22,
    "account_takeover": 0.14,
    "stolen_card": 0.28,
    "compromised_terminal": 0.20,
    "structuring": 0.06,
    "mule": 0.10,
}
_DELAYS: Final = {
    "card_testing": (4.0, 0.7),
    "account_takeover": (2.0, 0.7),
    "stolen_card": (3.0, 0.6),
    "compromised_terminal": (5.0, 0.5),
    "structuring": (18.0, 0.4),
    "mule": (11.0, 0.5),
}
_DAY_MS: Final = 86_400_000
_MS_NS: Final = 1_000_000
_CLONE_RATIO: Final = 0.2
# Genuine payments that somebody looked at and cleared some days later.
CLEARED_RATIO: Final = 0.003

_CAMPAIGNS: Final[dict[str, Callable[[World], NDArray[np.void]]]] = {
    "card_testing": frauds.card_testing,
    "account_takeover": frauds.account_takeover,
    "stolen_card": frauds.stolen_card,
    "structuring": frauds.structuring,
    "mule": frauds.mule,
}

Progress = Callable[[str, float], None]


def simulate_payments(
    transaction_count: int,
    seed: int,
    day_count: int = 75,
    price_contrast: float = 1.0,
    on_progress: Progress = lambda _what, _ratio: None,
) -> pa.Table:
    """Return a canonical table of payments in event order; the same arguments give the same table.

    Args:
        transaction_count: rows, at least TRANSACTION_COUNT_MIN. Each kind of fraud occurs at least
            once, so a short history holds a larger share of it.
        seed: seed of the only random generator.
        day_count: length of the history, 30 to 365.
        price_contrast: 1 for people who buy all sorts of things, down to 0 for a portfolio in which
            every shop costs the same, such as fuel cards.
        on_progress: called with what is being done and the share done, 0 to 1.
    """
    on_progress("people and shops", 0.0)
    account_count = max(60, round(transaction_count / (day_count * PAYMENTS_PER_ACCOUNT_DAY)))
    world = make_world(seed, account_count, day_count, price_contrast)
    on_progress("fraud", 0.05)
    fraud_count = transaction_count * FRAUD_RATIO
    added = [
        _campaigns(world, name, campaign, _SHARES[name] * fraud_count)
        for name, campaign in _CAMPAIGNS.items()
    ]
    at_terminals = _SHARES["compromised_terminal"] * fraud_count
    added.append(
        _campaigns(world, "compromised_terminal", frauds.cloned_cards, _CLONE_RATIO * at_terminals)
    )
    fraud = joined(added)
    on_progress("genuine payments", 0.15)
    genuine = genuine_payments(world, transaction_count - len(fraud))
    on_progress("labels", 0.55)
    _compromise(world, genuine, (1.0 - _CLONE_RATIO) * at_terminals)
    rows = joined([fraud, genuine])
    _label(world, rows)
    on_progress("table", 0.65)
    table = payments_table(rows, world.shops.merchant, f"p{seed}-")
    on_progress("table", 1.0)
    return table


def _campaigns(
    world: World, name: str, campaign: Callable[[World], NDArray[np.void]], row_count: float
) -> NDArray[np.void]:
    parts = [campaign(world)]
    while sum(map(len, parts)) < row_count:
        parts.append(campaign(world))
    rows = joined(parts)
    rows["scenario"] = PAYMENT_SCENARIOS.index(name)
    return rows


def _compromise(world: World, genuine: NDArray[np.void], row_count: float) -> None:
    code = PAYMENT_SCENARIOS.index("compromised_terminal")
    done = 0
    while done < max(1.0, row_count):
        rows = frauds.compromise_terminal(world, genuine)
        genuine["scenario"][rows] = code
        done += max(1, len(rows))


def _label(world: World, rows: NDArray[np.void]) -> None:
    rng = world.rng
    for name, (median_days, spread) in _DELAYS.items():
        mine = np.flatnonzero(rows["scenario"] == PAYMENT_SCENARIOS.index(name))
        delay_days = median_days * np.exp(rng.normal(0.0, spread, len(mine)))
        delay_ns = (np.clip(delay_days, 0.05, 60.0) * _DAY_MS).astype(np.int64) * _MS_NS
        rows["label_time_ns"][mine] = rows["time_ns"][mine] + delay_ns
    cleared = np.flatnonzero((rows["scenario"] == 0) & (rng.random(len(rows)) < CLEARED_RATIO))
    delay_ns = (rng.uniform(0.02, 3.0, len(cleared)) * _DAY_MS).astype(np.int64) * _MS_NS
    rows["label_time_ns"][cleared] = rows["time_ns"][cleared] + delay_ns
