"""Which features the default model reads, and which way each may push its score.

The default model meets streams it has never seen. So it reads what means the same everywhere:
distances in standard deviations, novelty, short counts and what is known of past fraud. It does not
read amounts of money, long counts, ages or the hour, which depend on the currency, the business,
the length of the history and the time zone. The ratio of an amount to the usual one is left out as
well: how far it strays depends on what is sold, its distance in standard deviations does not.

Where more of a feature can only be more suspicious, the trees are held to that. It costs little on
the simulated history and keeps chance patterns of it out of the model.
"""

from typing import Final, Literal

from scoring_server.catalogue import PAYMENT_FEATURE_NAMES, TRADE_FEATURE_NAMES

_ANY, _RISING = 0, 1

# Feature -> direction.
DEFAULT_FEATURES: Final[dict[str, int]] = {
    "account_tx_count_5m": _ANY,
    "account_tx_count_1h": _ANY,
    "account_tx_count_24h": _ANY,
    "account_rate_surprise": _RISING,
    "account_amount_z": _ANY,
    "account_amount_max_ratio": _ANY,
    "account_amount_min_ratio_1h": _ANY,
    "account_hour_surprise": _RISING,
    "account_new_payee": _RISING,
    "account_new_device": _RISING,
    "account_new_country": _RISING,
    "account_new_mcc": _RISING,
    "account_payees_1h": _RISING,
    "account_payees_24h": _RISING,
    "account_near_limit_count_24h": _RISING,
    "account_inflow_count_24h": _RISING,
    "account_inflow_payers_24h": _RISING,
    "account_outflow_ratio_24h": _ANY,
    "account_fraud_ratio": _RISING,
    "account_fraud_recency": _RISING,
    "distance_km": _RISING,
    "speed_kmh": _RISING,
    "merchant_tx_count_5m": _ANY,
    "merchant_tx_count_1h": _ANY,
    "merchant_rate_surprise": _RISING,
    "merchant_amount_z": _ANY,
    "merchant_payers_1h": _RISING,
    "merchant_payers_24h": _ANY,
    "merchant_fraud_ratio": _RISING,
    "merchant_fraud_recency": _RISING,
    "device_tx_count_5m": _ANY,
    "device_tx_count_1h": _ANY,
    "device_tx_count_24h": _ANY,
    "device_accounts_24h": _RISING,
    "device_fraud_ratio": _RISING,
    "device_fraud_recency": _RISING,
    "peer_amount_z": _ANY,
    "instrument_tx_count_5m": _ANY,
    "instrument_return_z": _ANY,
    "instrument_drift_z": _ANY,
    "instrument_quantity_z": _ANY,
    "instrument_rate_surprise": _RISING,
    "owner_trade_ratio": _RISING,
    "owner_side_ratio": _RISING,
    "wash_match_ratio": _RISING,
    "wash_match_count": _RISING,
    "account_amount_surprise": _RISING,
    "account_large_count": _RISING,
    "account_large_surprise": _RISING,
    "peer_amount_surprise": _RISING,
    "merchant_fraud_ratio_1d": _RISING,
    "merchant_fraud_ratio_7d": _RISING,
    "merchant_fraud_ratio_30d": _RISING,
    "merchant_fraud_run_count": _RISING,
    "merchant_fraud_run_days": _ANY,
    "merchant_fraud_age_days": _ANY,
}


def features_for(kind: Literal["payments", "trades"]) -> dict[str, int]:
    """Return those of the features that mean something for one kind of transaction."""
    meant = PAYMENT_FEATURE_NAMES if kind == "payments" else TRADE_FEATURE_NAMES
    return {name: way for name, way in DEFAULT_FEATURES.items() if name in meant}
