"""Features of a trade: the instrument's own volatility, and who trades it with whom."""

import math

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import RECENT_SIZE
from scoring_server.kernels.entity_features import HOUR_NS, NS_PER_S
from scoring_server.kernels.moments import log_z, moments_update

# Trades that an instrument's volatility and usual quantity remember, and those of its slow mean.
MARKET_MEMORY = 200.0
DRIFT_MEMORY = 1_000.0
# One hundredth of a percent: below this a price change is a tick, not a move. Chosen by us.
RETURN_SPREAD_MIN = 1e-4
# Trades before a volatility means anything.
MARKET_COUNT_MIN = 10
WASH_WINDOW_NS = 300 * NS_PER_S
# Prices within 0.5 % and quantities within 25 % are alike by half.
WASH_PRICE_SCALE = 0.005
WASH_QUANTITY_SCALE = 0.25
WASH_MATCH_MIN = 0.5


@njit(nogil=True, cache=True)
def _likeness(price_1, quantity_1, price_2, quantity_2):
    price = abs(math.log(price_1 / price_2)) / WASH_PRICE_SCALE
    quantity = abs(math.log(quantity_1 / quantity_2)) / WASH_QUANTITY_SCALE
    return 0.5 ** max(price, quantity)


@njit(nogil=True, cache=True)
def ownership_score(market, transaction, out):
    """Write how much of the instrument's last trades is the owner's, and with himself.

    Args:
        market: MARKET record; only read.
        transaction: TRANSACTION record of a trade.
        out: FEATURES record; four columns are overwritten.

    Cost: O(RECENT_SIZE).
    """
    now_ns = transaction["event_time_ns"]
    owner = np.uint32(transaction["owner_key"] & np.uint64(0xFFFFFFFF))
    size = min(market["event_count"], np.int64(RECENT_SIZE))
    own = 0
    same_side = 0
    best = 0.0
    matches = 0
    for place in range(size):
        if market["recent_owner"][place] != owner:
            continue
        own += 1
        if market["recent_side"][place] == transaction["side"]:
            same_side += 1
            continue
        age_ns = now_ns - market["recent_time_ns"][place]
        likeness = _likeness(
            transaction["price"],
            transaction["quantity"],
            market["recent_price"][place],
            market["recent_quantity"][place],
        )
        if 0 <= age_ns <= WASH_WINDOW_NS:
            best = max(best, likeness)
        if 0 <= age_ns <= HOUR_NS and likeness >= WASH_MATCH_MIN:
            matches += 1
    out["owner_trade_ratio"] = own / RECENT_SIZE
    out["owner_side_ratio"] = same_side / RECENT_SIZE
    out["wash_match_ratio"] = best
    out["wash_match_count"] = matches


@njit(nogil=True, cache=True)
def market_score(market, transaction, out):
    """Write price and quantity against the instrument's own past; 0.0 until it has one."""
    count = market["event_count"]
    out["instrument_return_z"] = 0.0
    out["instrument_drift_z"] = 0.0
    out["instrument_quantity_z"] = log_z(
        math.log(transaction["quantity"]),
        market["log_quantity_mean"],
        market["log_quantity_variance"],
        count,
    )
    if count < MARKET_COUNT_MIN:
        return
    spread = max(math.sqrt(market["return_variance"]), RETURN_SPREAD_MIN)
    log_price = math.log(transaction["price"])
    out["instrument_return_z"] = (log_price - math.log(market["last_price"])) / spread
    # The slow mean lags by its memory; a random walk strays from it by about sqrt(memory / 2).
    memory = min(np.float64(count), DRIFT_MEMORY)
    reach = spread * math.sqrt(0.5 * memory)
    out["instrument_drift_z"] = (log_price - market["log_price_mean"]) / reach


@njit(nogil=True, cache=True)
def market_update(market, transaction, sequence):
    """Let an instrument's market record learn a trade. O(1)."""
    count = market["event_count"]
    log_price = math.log(transaction["price"])
    if count == 0:
        market["log_price_mean"] = log_price
    else:
        change = log_price - math.log(market["last_price"])
        # Fewer returns than trades by one; the mean return of a trade is taken as 0.
        weight = max(1.0 / np.float64(count), 1.0 / MARKET_MEMORY)
        square = change * change
        if count >= MARKET_COUNT_MIN:
            square = min(square, 9.0 * max(market["return_variance"], RETURN_SPREAD_MIN**2))
        market["return_variance"] += weight * (square - market["return_variance"])
        slow = max(1.0 / np.float64(count + 1), 1.0 / DRIFT_MEMORY)
        market["log_price_mean"] += slow * (log_price - market["log_price_mean"])
    mean, variance = moments_update(
        math.log(transaction["quantity"]),
        market["log_quantity_mean"],
        market["log_quantity_variance"],
        count,
        MARKET_MEMORY,
    )
    market["log_quantity_mean"] = mean
    market["log_quantity_variance"] = variance
    place = count % RECENT_SIZE
    market["recent_time_ns"][place] = transaction["event_time_ns"]
    market["recent_price"][place] = transaction["price"]
    market["recent_quantity"][place] = transaction["quantity"]
    market["recent_owner"][place] = np.uint32(transaction["owner_key"] & np.uint64(0xFFFFFFFF))
    market["recent_side"][place] = transaction["side"]
    market["last_price"] = transaction["price"]
    market["last_time_ns"] = max(market["last_time_ns"], transaction["event_time_ns"])
    market["event_count"] = count + 1
    market["sequence"] = sequence
