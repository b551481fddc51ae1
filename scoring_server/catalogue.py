"""The one definition of every feature: meaning, unit, window and value at cold start.

The order of columns is that of the FEATURES record in kernels/dtypes.py, which the kernels fill; a
test keeps both equal. Models, rules and explanations name features by these names only.
"""

from dataclasses import dataclass
from typing import Final, Literal

from scoring_server.kernels import dtypes
from scoring_server.kernels.dtypes import WINDOW_NAMES

Kind = Literal["payment", "trade", "both"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column that the engine computes.

    Attributes:
        name: stable name, lower case.
        meaning: what it says, one phrase for people; read before the transaction itself is counted.
        unit: unit of the value.
        kind: the transactions it is computed for; 0.0 for the others.
        window: length of time it looks back over; "" for all of the past or none.
        cold_start: value for an entity that was never seen.
    """

    name: str
    meaning: str
    unit: str
    kind: Kind
    window: str = ""
    cold_start: float = 0.0


def _windows(entity: str, kind: Kind) -> list[Feature]:
    counts = [
        Feature(
            f"{entity}_tx_count_{window}",
            f"transactions of the {entity} in the last {window}",
            "transactions",
            kind,
            window,
        )
        for window in WINDOW_NAMES
    ]
    unit = "quantity" if entity == "instrument" else "major currency units"
    what = "quantity" if entity == "instrument" else "amount"
    sums = [
        Feature(
            f"{entity}_amount_sum_{window}",
            f"total {what} of the {entity} in the last {window}",
            unit,
            kind,
            window,
        )
        for window in WINDOW_NAMES
    ]
    return counts + sums


_ALL: Final = (
    Feature("amount", "amount of the transaction", "major currency units", "both"),
    Feature("hour_of_day", "time of day, UTC", "h", "both"),
    Feature("is_weekend", "1 on Saturday and Sunday, UTC", "0 or 1", "both"),
    *_windows("account", "both"),
    Feature(
        "account_event_count",
        "transactions of the account since it was first seen",
        "transactions",
        "both",
    ),
    Feature("account_age_days", "time since the account was first seen", "d", "both"),
    Feature("account_gap_s", "time since the account's previous transaction", "s", "both"),
    Feature(
        "account_rate_surprise",
        "how unlikely the last hour's number of transactions is at the account's own rate",
        "-log10 of the probability",
        "both",
        "1h",
    ),
    Feature(
        "account_amount_z",
        "distance of the amount from the account's usual amount",
        "standard deviations of the log amount",
        "both",
    ),
    Feature(
        "account_amount_ratio",
        "amount over the account's usual amount",
        "ratio",
        "both",
        cold_start=1.0,
    ),
    Feature(
        "account_amount_max_ratio",
        "amount over the largest of the account's last 16",
        "ratio",
        "both",
        cold_start=1.0,
    ),
    Feature(
        "account_amount_min_ratio_1h",
        "amount over the smallest of the account's last hour",
        "ratio",
        "both",
        "1h",
        1.0,
    ),
    Feature(
        "account_hour_surprise",
        "how unusual the time of day is for the account",
        "-log2 of its share",
        "both",
        cold_start=3.0,
    ),
    Feature(
        "account_new_payee",
        "1 when the account never paid this merchant or account before",
        "0 or 1",
        "payment",
        cold_start=1.0,
    ),
    Feature(
        "account_new_device",
        "1 when the account's last 4 devices do not hold this one",
        "0 or 1",
        "both",
        cold_start=1.0,
    ),
    Feature(
        "account_new_country",
        "1 when the account was never seen in this country",
        "0 or 1",
        "payment",
        cold_start=1.0,
    ),
    Feature(
        "account_new_mcc",
        "1 when the account never paid a merchant of this category",
        "0 or 1",
        "payment",
        cold_start=1.0,
    ),
    Feature(
        "account_payees_1h",
        "different payees among the account's last 16 transactions in the last hour",
        "payees",
        "both",
        "1h",
    ),
    Feature(
        "account_payees_24h",
        "different payees among the account's last 16 transactions in the last 24 h",
        "payees",
        "both",
        "24h",
    ),
    Feature(
        "account_near_limit_count_24h",
        "payments between 80 and 100 % of the reporting limit, fading with a half-life of 24 h",
        "payments",
        "payment",
        "24h",
    ),
    Feature(
        "account_inflow_count_24h",
        "payments that the account received in the last 24 h",
        "payments",
        "payment",
        "24h",
    ),
    Feature(
        "account_inflow_payers_24h",
        "different payers among the last 16 payments to the account in the last 24 h",
        "accounts",
        "payment",
        "24h",
    ),
    Feature(
        "account_outflow_ratio_24h",
        "money out of the account, this payment included, over money in, last 24 h; 0 without",
        "ratio",
        "payment",
        "24h",
    ),
    Feature(
        "account_fraud_ratio", "share of known fraud in the account's transactions", "ratio", "both"
    ),
    Feature(
        "account_fraud_recency",
        "1 right after a fraud of the account became known, fading by e in 7 d",
        "ratio",
        "both",
    ),
    Feature("distance_km", "distance from the account's last known place", "km", "payment"),
    Feature("speed_kmh", "speed needed from the account's last known place", "km/h", "payment"),
    Feature(
        "reporting_limit_ratio",
        "amount over the currency's reporting limit; 0 where there is none",
        "ratio",
        "payment",
    ),
    *_windows("merchant", "payment"),
    Feature("merchant_age_days", "time since the payee was first seen", "d", "payment"),
    Feature(
        "merchant_rate_surprise",
        "how unlikely the last hour's number of payments is at the payee's own rate",
        "-log10 of the probability",
        "payment",
        "1h",
    ),
    Feature(
        "merchant_amount_z",
        "distance of the amount from the payee's usual amount",
        "standard deviations of the log amount",
        "payment",
    ),
    Feature(
        "merchant_payers_1h",
        "different payers among the payee's last 16 payments in the last hour",
        "accounts",
        "payment",
        "1h",
    ),
    Feature(
        "merchant_payers_24h",
        "different payers among the payee's last 16 payments in the last 24 h",
        "accounts",
        "payment",
        "24h",
    ),
    Feature(
        "merchant_fraud_ratio", "share of known fraud in the payee's payments", "ratio", "payment"
    ),
    Feature(
        "merchant_fraud_recency",
        "1 right after a fraud at the payee became known, fading by e in 7 d",
        "ratio",
        "payment",
    ),
    *_windows("device", "both"),
    Feature("device_age_days", "time since the device was first seen", "d", "both"),
    Feature(
        "device_accounts_24h",
        "different accounts among the device's last 16 transactions in the last 24 h",
        "accounts",
        "both",
        "24h",
    ),
    Feature(
        "device_fraud_ratio", "share of known fraud in the device's transactions", "ratio", "both"
    ),
    Feature(
        "device_fraud_recency",
        "1 right after a fraud from the device became known, fading by e in 7 d",
        "ratio",
        "both",
    ),
    Feature(
        "peer_amount_z",
        "distance of the amount from what is usual for the merchant category and channel",
        "standard deviations of the log amount",
        "payment",
    ),
    *_windows("instrument", "trade"),
    Feature(
        "instrument_return_z",
        "price change since the last trade over the instrument's own volatility",
        "standard deviations",
        "trade",
    ),
    Feature(
        "instrument_drift_z",
        "distance of the price from its slow mean over the instrument's own volatility",
        "standard deviations",
        "trade",
    ),
    Feature(
        "instrument_quantity_z",
        "distance of the quantity from the instrument's usual quantity",
        "standard deviations of the log quantity",
        "trade",
    ),
    Feature(
        "instrument_rate_surprise",
        "how unlikely the last hour's number of trades is at the instrument's own rate",
        "-log10 of the probability",
        "trade",
        "1h",
    ),
    Feature(
        "owner_trade_ratio", "owner's share of the instrument's last 16 trades", "ratio", "trade"
    ),
    Feature(
        "owner_side_ratio",
        "share of the instrument's last 16 trades by the owner on this side",
        "ratio",
        "trade",
    ),
    Feature(
        "wash_match_ratio",
        "likeness in price and size of the nearest opposite trade of the same owner, last 5 min",
        "ratio",
        "trade",
        "5m",
    ),
    Feature(
        "wash_match_count",
        "near-equal opposite trades of the same owner among the instrument's last 16, last hour",
        "trades",
        "trade",
        "1h",
    ),
)

FEATURES: Final = {feature.name: feature for feature in _ALL}
FEATURE_NAMES: Final = tuple(feature.name for feature in _ALL)
FEATURE_COUNT: Final = len(FEATURE_NAMES)
FEATURE_INDEX: Final = {name: index for index, name in enumerate(FEATURE_NAMES)}
PAYMENT_FEATURE_NAMES: Final = tuple(f.name for f in _ALL if f.kind in {"payment", "both"})
TRADE_FEATURE_NAMES: Final = tuple(f.name for f in _ALL if f.kind in {"trade", "both"})


def record_columns() -> tuple[str, ...]:
    """Return the column names that the FEATURES record implies, windows spelled out."""
    columns: list[str] = []
    for name in dtypes.FEATURES.names or ():
        shape = dtypes.FEATURES[name].shape
        columns += [f"{name}_{window}" for window in WINDOW_NAMES] if shape else [name]
    return tuple(columns)
