"""A market for the trade simulation: instruments with their own volatility, and who trades them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.simulation.rows import NO_INDEX, chosen, named, times
from scoring_server.clock import NS_PER_S

SIDE_BUY, SIDE_SELL = 1, 2
OPEN_S: Final = 8 * 3_600
CLOSE_S: Final = 16 * 3_600 + 1_800
DAY_S: Final = 86_400
# Monday 2025-01-06, 00:00 UTC.
START_S: Final = 1_736_121_600
# Steps of the volatility process.
STEP_S: Final = 300
WEEKDAY_COUNT: Final = 5
STEPS_PER_DAY: Final = (CLOSE_S - OPEN_S) // STEP_S

# Places in this list are the values of the `scenario` column of TRADE_ROW. A news jump is genuine:
# it is named so that its false alarms can be counted, and its label is 0.
TRADE_SCENARIOS: Final = ("", "pump_and_dump", "wash_trade", "price_spike", "news_jump")
GENUINE_SCENARIOS: Final = frozenset({"", "news_jump"})

TRADE_ROW: Final = np.dtype(
    [
        # Since the start of the history.
        ("time_s", "f8"),
        ("account", "i4"),
        ("owner", "i4"),
        ("instrument", "i4"),
        ("device", "i4"),
        ("quantity", "f8"),
        # Added to the logarithm of the price for this trade alone.
        ("price_offset", "f8"),
        # Trades of one group print at the price of the first of them; NO_INDEX for none.
        ("group", "i4"),
        ("side", "i1"),
        ("scenario", "i1"),
    ]
)

TRADE_SCHEMA: Final = pa.schema(
    [
        ("transaction_id", pa.string()),
        ("event_time", pa.timestamp("ns", tz="UTC")),
        ("account_id", pa.string()),
        ("instrument_id", pa.string()),
        ("side", pa.int32()),
        ("price_nanos", pa.int64()),
        ("quantity_micros", pa.int64()),
        ("currency", pa.string()),
        ("venue", pa.string()),
        ("order_id", pa.string()),
        ("owner_id", pa.string()),
        ("device_id", pa.string()),
        ("label", pa.int8()),
        ("scenario", pa.string()),
        ("label_time", pa.timestamp("ns", tz="UTC")),
    ]
)


@dataclass(frozen=True, slots=True)
class Market:
    """Instruments, accounts and the calendar.

    Attributes:
        rng: the only generator.
        day_start_s: start of each trading day since the start of the history; no weekends.
        price: first price of each instrument.
        volatility: standard deviation of a day's logarithmic return.
        popularity: relative number of trades.
        lot: usual quantity.
        owner: owner of each account.
        activity: relative number of trades of each account.
        size: factor of each account on quantities.
    """

    rng: np.random.Generator
    day_start_s: NDArray[np.float64]
    price: NDArray[np.float64]
    volatility: NDArray[np.float64]
    popularity: NDArray[np.float64]
    lot: NDArray[np.float64]
    owner: NDArray[np.int64]
    activity: NDArray[np.float64]
    size: NDArray[np.float64]

    @property
    def illiquid(self) -> NDArray[np.int64]:
        """The less traded half of the instruments."""
        return np.argsort(self.popularity, kind="stable")[: max(1, len(self.popularity) // 2)]


def open_market(seed: int, trade_count: int, day_count: int) -> Market:
    """Return a market for so many trades on the weekdays of `day_count` days."""
    rng = np.random.default_rng(seed)
    instruments = int(np.clip(trade_count // 4_000, 8, 120))
    accounts = int(np.clip(trade_count // 150, 40, 20_000))
    days = np.arange(day_count)
    popularity = (1.0 + np.arange(instruments, dtype=np.float64)) ** -0.8
    # One in eight owners trades through a second account.
    owner = np.arange(accounts)
    second = np.flatnonzero(rng.random(accounts) < 1.0 / 8.0)
    owner[second] = rng.integers(0, accounts, len(second))
    activity = rng.pareto(1.4, accounts) + 0.3
    return Market(
        rng=rng,
        day_start_s=days[days % 7 < WEEKDAY_COUNT].astype(np.float64) * DAY_S,
        price=np.exp(rng.normal(3.2, 1.1, instruments)),
        volatility=np.exp(rng.normal(-4.1, 0.45, instruments)),
        popularity=popularity,
        lot=np.exp(rng.normal(3.6, 0.8, instruments)),
        owner=owner,
        activity=activity,
        size=np.exp(rng.normal(0.0, 0.7, accounts)) * activity**0.3,
    )


def blank_trades(count: int) -> NDArray[np.void]:
    """Return trades without device and group."""
    rows = np.zeros(count, dtype=TRADE_ROW)
    rows["device"] = NO_INDEX
    rows["group"] = NO_INDEX
    return rows


def trades_table(
    rows: NDArray[np.void],
    price: NDArray[np.float64],
    label_time_ns: NDArray[np.int64],
    prefix: str,
) -> pa.Table:
    """Return trades, already in event order, as the canonical table."""
    count = len(rows)
    time_ms = np.rint((START_S + rows["time_s"]) * 1000).astype(np.int64)
    genuine = [name in GENUINE_SCENARIOS for name in TRADE_SCENARIOS]
    fraud = ~np.array(genuine)[rows["scenario"]]
    # Prices print in ticks of a hundredth, quantities in whole pieces.
    ticks = np.maximum(1, np.rint(price * 100)).astype(np.int64)
    pieces = np.maximum(1, np.rint(rows["quantity"])).astype(np.int64)
    columns = [
        pa.array([f"{prefix}{number:08d}" for number in range(count)]),
        times(time_ms * (NS_PER_S // 1000)),
        named(rows["account"], "trader-"),
        named(rows["instrument"], "ins-"),
        pa.array(rows["side"].astype(np.int32)),
        pa.array(ticks * (NS_PER_S // 100)),
        pa.array(pieces * 1_000_000),
        pa.repeat("EUR", count),
        pa.repeat("XSIM", count),
        pa.array([f"{prefix}o{number:08d}" for number in range(count)]),
        named(rows["owner"], "owner-"),
        named(rows["device"], "dev-"),
        pa.array(fraud.astype(np.int8)),
        chosen(rows["scenario"], TRADE_SCENARIOS),
        times(label_time_ns),
    ]
    return pa.Table.from_arrays(columns, schema=TRADE_SCHEMA)
