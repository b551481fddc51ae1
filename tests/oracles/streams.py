"""Seeded streams of transactions for tests: small, skewed and with every optional field."""

import numpy as np
from numpy.typing import NDArray

from scoring_server.kernels.dtypes import KIND_TRADE, LABEL, TRANSACTION

START_NS = 1_700_000_000_000_000_000


def _keys(rng: np.random.Generator, n: int, population: int, salt: int) -> NDArray[np.uint64]:
    # Squaring a uniform number makes some entities busy and most quiet.
    numbers = (rng.random(n) ** 2 * population).astype(np.uint64) + np.uint64(1 + 1_000 * salt)
    return numbers * np.uint64(0x9E3779B97F4A7C15)


def transactions(n: int, seed: int = 1, first_id: int = 1) -> NDArray[np.void]:
    """Payments, transfers and a quarter of trades over a few weeks."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(n, TRANSACTION)
    rows["transaction_key"] = np.arange(first_id, first_id + n, dtype=np.uint64) * np.uint64(
        0xD6E8FEB86659FD93
    )
    rows["content_key"] = rng.integers(1, 2**63, n)
    gaps = rng.exponential(400e9, n) * (rng.random(n) < 0.8)
    rows["event_time_ns"] = START_NS + np.cumsum(gaps).astype(np.int64)
    # Some come late.
    rows["event_time_ns"] -= (rng.random(n) < 0.05) * rng.integers(0, 10**13, n)
    rows["amount"] = np.round(np.exp(rng.normal(3.5, 1.2, n)), 2) + 0.01
    rows["reporting_limit"] = np.where(rng.random(n) < 0.9, 10_000.0, np.nan)
    rows["currency"] = 978
    trade = rng.random(n) < 0.25
    rows["kind"] = np.where(trade, KIND_TRADE, 0)
    rows["account_key"] = _keys(rng, n, 40, 1)
    rows["device_key"] = _keys(rng, n, 60, 2) * (rng.random(n) < 0.7)
    payee = np.where(rng.random(n) < 0.2, _keys(rng, n, 40, 1), _keys(rng, n, 30, 3))
    rows["merchant_key"] = np.where(trade, 0, payee)
    rows["counterparty_key"] = np.where(rows["merchant_key"] < 41, rows["merchant_key"], 0)
    rows["instrument_key"] = np.where(trade, _keys(rng, n, 5, 4), 0)
    rows["owner_key"] = np.where(trade, rows["account_key"], 0)
    rows["price"] = np.where(trade, np.exp(rng.normal(4, 0.02, n)), 0.0)
    rows["quantity"] = np.where(trade, rng.integers(1, 1_000, n), 0.0)
    rows["side"] = np.where(trade, rng.integers(1, 3, n), 0)
    placed = ~trade & (rng.random(n) < 0.5)
    rows["latitude_deg"] = np.where(placed, rng.uniform(-60, 60, n), np.nan)
    rows["longitude_deg"] = np.where(placed, rng.uniform(-180, 180, n), np.nan)
    rows["country"] = np.where(placed, rng.integers(1, 6, n), 0)
    rows["mcc"] = np.where(trade, 0, rng.choice([0, 5411, 5812, 6011], n))
    rows["channel"] = np.where(trade, 0, rng.integers(0, 6, n))
    return rows


def label_of(row: np.void, *, fraud: int = 1, legitimate: int = 0) -> NDArray[np.void]:
    """A label of one transaction that became known a day later."""
    label = np.zeros(1, LABEL)
    for name in ("transaction_key", "event_time_ns", "account_key", "merchant_key", "device_key"):
        label[name] = row[name]
    label["known_time_ns"] = row["event_time_ns"] + 86_400 * 10**9
    label["fraud_delta"] = fraud
    label["legitimate_delta"] = legitimate
    return label
