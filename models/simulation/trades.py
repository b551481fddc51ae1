"""A whole history of trades: volatile prices, genuine trades, abuse of three kinds, late labels."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.simulation import manipulation
from models.simulation.manipulation import Bump, Campaign
from models.simulation.market import (
    CLOSE_S,
    OPEN_S,
    SIDE_BUY,
    SIDE_SELL,
    START_S,
    STEP_S,
    STEPS_PER_DAY,
    TRADE_SCENARIOS,
    Market,
    blank_trades,
    open_market,
    trades_table,
)
from models.simulation.payments import Progress
from models.simulation.rows import NO_INDEX

# Share of all rows. Chosen by us.
_SHARES: Final = {
    "pump_and_dump": 0.0035,
    "wash_trade": 0.003,
    "price_spike": 0.0006,
    "news_jump": 0.006,
}
# Days until a label is known: median and spread of its natural logarithm; surveillance is slow, and
# a price that was far off is found the same day.
_DELAYS: Final = {"pump_and_dump": (9.0, 0.5), "wash_trade": (6.0, 0.5), "price_spike": (0.3, 0.6)}
_CAMPAIGNS: Final[dict[str, Callable[[Market], Campaign]]] = {
    "pump_and_dump": manipulation.pump_and_dump,
    "wash_trade": manipulation.wash_trade,
    "price_spike": manipulation.price_spike,
    "news_jump": manipulation.news_jump,
}
_DEVICE_RATIO: Final = 0.6
# Memory of the volatility process from one step to the next, and the size of its shocks; chosen by
# us so that calm and wild hours alternate within a day.
_VOLATILITY_MEMORY: Final = 0.97
_VOLATILITY_SHOCK: Final = 0.16
_SPREAD_RATIO: Final = 0.02
_DAY_MS: Final = 86_400_000


def simulate_trades(
    transaction_count: int,
    seed: int,
    day_count: int = 75,
    on_progress: Progress = lambda _what, _ratio: None,
) -> pa.Table:
    """Return a canonical table of trades in event order; the same arguments give the same table.

    Args:
        transaction_count: rows, at least TRANSACTION_COUNT_MIN of payments. Each kind of abuse
            occurs at least once, so a short history holds a larger share of it.
        seed: seed of the only random generator.
        day_count: length of the history, 30 to 365; weekdays have trades.
        on_progress: called with what is being done and the share done, 0 to 1.
    """
    on_progress("instruments and accounts", 0.0)
    market = open_market(seed, transaction_count, day_count)
    on_progress("abuse and news", 0.05)
    staged, bumps = _campaigns(market, transaction_count)
    on_progress("genuine trades", 0.15)
    rows = np.concatenate([staged, _genuine_trades(market, transaction_count - len(staged))])
    rows = rows[np.argsort(rows["time_s"], kind="stable")]
    on_progress("prices", 0.35)
    price = _prices(market, rows, bumps)
    on_progress("table", 0.6)
    table = trades_table(rows, price, _label_times(market.rng, rows), f"t{seed}-")
    on_progress("table", 1.0)
    return table


def _campaigns(market: Market, transaction_count: int) -> tuple[NDArray[np.void], list[Bump]]:
    parts: list[NDArray[np.void]] = []
    bumps: list[Bump] = []
    groups = 0
    for name, draw in _CAMPAIGNS.items():
        done = 0
        while done < max(1.0, _SHARES[name] * transaction_count):
            campaign = draw(market)
            rows = campaign.rows
            grouped = rows["group"] != NO_INDEX
            rows["group"][grouped] += groups
            groups += len(rows)
            done += len(rows)
            parts.append(rows)
            bumps += campaign.bumps
    return np.concatenate(parts), bumps


def _genuine_trades(market: Market, count: int) -> NDArray[np.void]:
    rng = market.rng
    rows = blank_trades(count)
    share = market.popularity / market.popularity.sum()
    rows["instrument"] = rng.choice(len(share), count, p=share)
    activity = market.activity / market.activity.sum()
    account = rng.choice(len(activity), count, p=activity)
    rows["account"] = account
    rows["owner"] = market.owner[account]
    rows["device"] = np.where(rng.random(count) < _DEVICE_RATIO, account, NO_INDEX)
    # Trading is busiest after the opening and before the close.
    within = rng.beta(0.75, 0.75, count)
    rows["time_s"] = rng.choice(market.day_start_s, count) + OPEN_S + within * (CLOSE_S - OPEN_S)
    rows["side"] = rng.integers(SIDE_BUY, SIDE_SELL + 1, count)
    noise = np.exp(rng.normal(0.0, 0.85, count))
    rows["quantity"] = market.lot[rows["instrument"]] * market.size[account] * noise
    return rows


def _prices(market: Market, rows: NDArray[np.void], bumps: list[Bump]) -> NDArray[np.float64]:
    rng = market.rng
    price = np.empty(len(rows))
    order = np.argsort(rows["instrument"], kind="stable")
    starts = np.searchsorted(rows["instrument"][order], np.arange(len(market.price) + 1))
    for instrument, first_price in enumerate(market.price):
        mine = order[starts[instrument] : starts[instrument + 1]]
        time_s = rows["time_s"][mine]
        path = _log_path(rng, market, instrument)
        level = np.interp(time_s, path[0], path[1])
        for bump in bumps:
            if bump.instrument == instrument:
                level += np.interp(time_s, bump.time_s, bump.height)
        # Buyers pay the ask and sellers get the bid, both a little noisy.
        half = market.volatility[instrument] * _SPREAD_RATIO
        toward = np.where(rows["side"][mine] == SIDE_BUY, 1.0, -1.0)
        level += half * (toward + rng.normal(0.0, 0.5, len(mine))) + rows["price_offset"][mine]
        price[mine] = first_price * np.exp(level)
    grouped = np.flatnonzero(rows["group"] != NO_INDEX)
    _, first, place = np.unique(rows["group"][grouped], return_index=True, return_inverse=True)
    price[grouped] = price[grouped[first]][place]
    return price.clip(0.01, 1e6)


def _log_path(
    rng: np.random.Generator, market: Market, instrument: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    days = len(market.day_start_s)
    steps = days * STEPS_PER_DAY
    # Logarithm of the volatility: an autoregressive process, as stochastic volatility models have.
    shocks = rng.normal(0.0, _VOLATILITY_SHOCK, steps)
    state = np.empty(steps)
    level = 0.0
    for step, shock in enumerate(shocks.tolist()):
        level = _VOLATILITY_MEMORY * level + shock
        state[step] = level
    sigma = market.volatility[instrument] / np.sqrt(STEPS_PER_DAY) * np.exp(state)
    moves = sigma * rng.normal(0.0, 1.0, steps)
    # The night between two days moves the price as a third of a day does.
    moves[::STEPS_PER_DAY] += market.volatility[instrument] * rng.normal(0.0, 0.33, days)
    within = OPEN_S + STEP_S * np.arange(STEPS_PER_DAY)
    time_s = (market.day_start_s[:, np.newaxis] + within).ravel()
    return time_s, np.cumsum(moves)


def _label_times(rng: np.random.Generator, rows: NDArray[np.void]) -> NDArray[np.int64]:
    label_time_ms = np.zeros(len(rows), dtype=np.int64)
    time_ms = np.rint((START_S + rows["time_s"]) * 1000).astype(np.int64)
    for name, (median_days, spread) in _DELAYS.items():
        mine = np.flatnonzero(rows["scenario"] == TRADE_SCENARIOS.index(name))
        delay_days = median_days * np.exp(rng.normal(0.0, spread, len(mine)))
        label_time_ms[mine] = time_ms[mine] + (delay_days.clip(0.02, 60) * _DAY_MS).astype(np.int64)
    # An alarm about real news is looked at and cleared the next day, every second time.
    news = np.flatnonzero(rows["scenario"] == TRADE_SCENARIOS.index("news_jump"))[::2]
    label_time_ms[news] = time_ms[news] + _DAY_MS
    return label_time_ms * 1_000_000
