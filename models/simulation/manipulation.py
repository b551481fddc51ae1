"""Market abuse, drawn one campaign at a time, and the news that only looks like it."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.simulation.market import (
    CLOSE_S,
    OPEN_S,
    SIDE_BUY,
    SIDE_SELL,
    TRADE_SCENARIOS,
    Market,
    blank_trades,
)

# Owners of manipulators' accounts lie past all others.
_RING_START: Final = 1 << 24


class Bump(NamedTuple):
    """A push on the logarithm of an instrument's price, piecewise linear in time.

    Attributes:
        instrument: whose price.
        time_s: corners, ascending, since the start of the history.
        height: push at each corner; it is held after the last one.
    """

    instrument: int
    time_s: tuple[float, ...]
    height: tuple[float, ...]


class Campaign(NamedTuple):
    """Trades and what they do to the price.

    Attributes:
        rows: TRADE_ROW, groups numbered from 0 within the campaign.
        bumps: pushes on prices.
    """

    rows: NDArray[np.void]
    bumps: tuple[Bump, ...]


def pump_and_dump(market: Market) -> Campaign:
    """A ring buys a thin instrument ever higher, then sells to those who follow."""
    rng = market.rng
    instrument = int(rng.choice(market.illiquid))
    ring = _traders(market, int(rng.integers(3, 9)))
    start_s = _moment(market, 3.0 * 3_600)
    pump_s, dump_s = rng.uniform(900, 4_500), rng.uniform(400, 2_400)
    height = market.volatility[instrument] * rng.uniform(3.0, 9.0)
    buys = _trades(market, instrument, int(rng.integers(14, 45)), "pump_and_dump")
    buys["time_s"] = start_s + np.sort(rng.uniform(0.0, pump_s, len(buys)))
    buys["side"] = SIDE_BUY
    sells = _trades(market, instrument, int(rng.integers(8, 28)), "pump_and_dump")
    sells["time_s"] = start_s + pump_s + np.sort(rng.uniform(0.0, dump_s, len(sells)))
    sells["side"] = SIDE_SELL
    rows = np.concatenate([buys, sells])
    rows["quantity"] *= rng.uniform(1.5, 4.0)
    _own(rows, market, rng.choice(ring, len(rows)))
    end_s = start_s + pump_s
    corners = (start_s, end_s, end_s + dump_s, end_s + 3 * dump_s)
    fall = rng.uniform(-0.3, 0.2) * height
    return Campaign(rows, (Bump(instrument, corners, (0.0, height, fall, 0.0)),))


def wash_trade(market: Market) -> Campaign:
    """One owner sells to himself, again and again, to show a volume that nobody wants."""
    rng = market.rng
    instrument = int(rng.integers(len(market.price)))
    pair_count = int(rng.integers(6, 24))
    first, second = _traders(market, 2)
    gaps_s = rng.exponential(rng.uniform(30, 260), pair_count)
    start_s = _moment(market, float(gaps_s.sum()) + 600)
    rows = _trades(market, instrument, 2 * pair_count, "wash_trade")
    when_s = start_s + np.cumsum(gaps_s)
    rows["time_s"] = np.repeat(when_s, 2)
    rows["time_s"][1::2] += rng.uniform(0.05, 25.0, pair_count)
    _own(rows, market, np.tile([first, second], pair_count))
    rows["owner"] = market.owner[first]
    flips = rng.integers(0, 2, pair_count)
    rows["side"][0::2] = SIDE_BUY + flips
    rows["side"][1::2] = SIDE_SELL - flips
    size = market.lot[instrument] * np.exp(rng.normal(0.3, 0.3, pair_count))
    rows["quantity"] = np.repeat(size, 2) * np.exp(rng.normal(0.0, 0.02, 2 * pair_count))
    rows["group"] = np.repeat(np.arange(pair_count), 2)
    return Campaign(rows, ())


def price_spike(market: Market) -> Campaign:
    """A few trades print far off the market, which is back where it was at once."""
    rng = market.rng
    instrument = int(rng.integers(len(market.price)))
    rows = _trades(market, instrument, int(rng.integers(1, 4)), "price_spike")
    start_s = _moment(market, 600)
    rows["time_s"] = start_s + np.cumsum(rng.uniform(0.2, 8.0, len(rows)))
    _own(rows, market, np.repeat(_traders(market, 1), len(rows)))
    rows["side"] = rng.integers(SIDE_BUY, SIDE_SELL + 1)
    direction = 1.0 if rows["side"][0] == SIDE_BUY else -1.0
    rows["price_offset"] = direction * market.volatility[instrument] * rng.uniform(2.0, 7.0)
    return Campaign(rows, ())


def news_jump(market: Market) -> Campaign:
    """News moves the price for good, and everybody trades: genuine, and bait for false alarms."""
    rng = market.rng
    instrument = int(rng.integers(len(market.price)))
    rows = _trades(market, instrument, int(rng.integers(25, 70)), "news_jump")
    start_s = _moment(market, 3_600)
    rows["time_s"] = start_s + np.sort(rng.exponential(700.0, len(rows)).clip(max=3_500.0))
    _own(rows, market, rng.integers(0, len(market.owner), len(rows)))
    jump = rng.choice([-1.0, 1.0]) * market.volatility[instrument] * rng.uniform(1.5, 5.0)
    rows["side"] = np.where(rng.random(len(rows)) < 0.5 + 0.2 * np.sign(jump), SIDE_BUY, SIDE_SELL)
    corners = (start_s, start_s + rng.uniform(2.0, 60.0))
    return Campaign(rows, (Bump(instrument, corners, (0.0, jump)),))


def _trades(market: Market, instrument: int, count: int, scenario: str) -> NDArray[np.void]:
    rows = blank_trades(count)
    rows["instrument"] = instrument
    rows["scenario"] = TRADE_SCENARIOS.index(scenario)
    rows["quantity"] = market.lot[instrument] * np.exp(market.rng.normal(0.0, 0.6, count))
    return rows


def _own(rows: NDArray[np.void], market: Market, account: NDArray[np.int64]) -> None:
    rows["account"] = account
    rows["owner"] = market.owner[account]
    rows["device"] = account


def _traders(market: Market, count: int) -> NDArray[np.int64]:
    return market.rng.choice(len(market.owner), count, replace=False)


def _moment(market: Market, room_s: float) -> float:
    # Not on the first days: an instrument without a past has no volatility to break with.
    day = market.rng.choice(market.day_start_s[2:])
    latest_s = max(OPEN_S + 60.0, CLOSE_S - room_s)
    return float(day + market.rng.uniform(OPEN_S, latest_s))
