"""What could have been otherwise about a payment, and what its features would have been.

Only what the payer could have done otherwise: pay less, from a device, a payee, a place or at a
time that the account is used to, or later. The past of an account is not for them to change, so
known fraud of the account stays. What cannot be told from features is assumed to the payer's
disadvantage, so that a promise is rather missed than broken.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from scoring_server.kernels.entity_features import WINDOW_1H, WINDOW_24H
from scoring_server.kernels.moments import AMOUNT_MIN

CHANGE_COUNT_MAX: Final = 3
# Shares of the amount to try, chosen by us: close together near the whole, down to one in 100.
AMOUNT_SHARES: Final = np.geomspace(0.9, 0.01, 16)
# The spread of the amounts at a payee and in a peer group is no feature. A wider one than nearly
# all have (a factor of 4.5 is usual there) lets their distances shrink too little, never too much.
_SPREAD_MAX: Final = 1.5
_Z_MIN: Final = 1e-3

Record = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that could have been otherwise.

    Attributes:
        code: stable UPPER_SNAKE code.
        words: completes "would have been approved ...".
        apply: changes FEATURES records in place.
    """

    code: str
    words: str
    apply: Callable[[Record], None]


def _known_device(features: Record) -> None:
    features["account_new_device"] = 0.0
    features["device_accounts_24h"] = np.minimum(features["device_accounts_24h"], 1.0)
    features["device_fraud_ratio"] = 0.0
    features["device_fraud_recency"] = 0.0
    for name in ("device_tx_count", "device_amount_sum"):
        own = features[name.replace("device", "account")]
        features[name] = np.minimum(features[name], own)


def _known_payee(features: Record) -> None:
    features["account_new_payee"] = 0.0
    features["account_new_mcc"] = 0.0
    features["merchant_fraud_ratio"] = 0.0
    features["merchant_fraud_recency"] = 0.0
    features["merchant_rate_surprise"] = 0.0
    for name in ("merchant_payers_1h", "merchant_payers_24h"):
        features[name] = np.minimum(features[name], 1.0)


def _usual_place(features: Record) -> None:
    features["account_new_country"] = 0.0
    features["distance_km"] = 0.0
    features["speed_kmh"] = 0.0


def _usual_hour(features: Record) -> None:
    features["account_hour_surprise"] = np.minimum(features["account_hour_surprise"], 1.0)


def _day_later(features: Record) -> None:
    # The windows up to a day are empty then; longer ones still hold what they hold.
    features["account_tx_count"][:, :_DAY_WINDOWS] = 0.0
    features["account_amount_sum"][:, :_DAY_WINDOWS] = 0.0
    features["device_tx_count"][:, :_DAY_WINDOWS] = 0.0
    features["device_amount_sum"][:, :_DAY_WINDOWS] = 0.0
    for name in (
        "account_rate_surprise",
        "account_payees_1h",
        "account_payees_24h",
        "account_inflow_count_24h",
        "account_inflow_payers_24h",
        "account_outflow_ratio_24h",
        "distance_km",
        "speed_kmh",
    ):
        features[name] = 0.0
    features["account_amount_min_ratio_1h"] = 1.0
    features["account_gap_s"] = np.maximum(features["account_gap_s"], _DAY_S)


_DAY_S: Final = 86_400.0
_DAY_WINDOWS: Final = WINDOW_24H + 1

CHANGES: Final = (
    Change("KNOWN_DEVICE", "from a known device", _known_device),
    Change("KNOWN_PAYEE", "to a known payee", _known_payee),
    Change("USUAL_PLACE", "at a usual place", _usual_place),
    Change("USUAL_HOUR", "at a usual hour", _usual_hour),
    Change("DAY_LATER", "after a day without payments", _day_later),
)


def applicable(features: Record) -> list[Change]:
    """Return the changes that would make any difference to one FEATURES record."""
    found = []
    for change in CHANGES:
        changed = features.reshape(1).copy()
        change.apply(changed)
        if changed.tobytes() != features.tobytes():
            found.append(change)
    return found


def combinations(changes: list[Change], most: int) -> list[tuple[Change, ...]]:
    """Return every set of up to `most` changes, fewest first, beginning with none."""
    return [
        chosen for count in range(most + 1) for chosen in itertools.combinations(changes, count)
    ]


def with_amounts(features: Record, shares: NDArray[np.float64]) -> Record:
    """Return copies of one FEATURES record in which the amount is a share of what it was."""
    changed = np.repeat(features.reshape(1), len(shares))
    amount = max(float(features["amount"]), AMOUNT_MIN)
    fall = np.log(np.maximum(amount * shares, AMOUNT_MIN) / amount)
    ratio = float(features["account_amount_ratio"])
    z = float(features["account_amount_z"])
    # Ratio and distance are of the same amount to the same mean, so together they give the spread.
    spread = np.log(ratio) / z if abs(z) > _Z_MIN and ratio > 0.0 else _SPREAD_MAX
    if features["account_event_count"] > 0.0:
        changed["account_amount_z"] = z + fall / max(spread, 1e-9)
    for name in ("merchant_amount_z", "peer_amount_z"):
        if features[name] > 0.0:
            changed[name] = np.maximum(features[name] + fall / _SPREAD_MAX, 0.0)
    for name in (
        "amount",
        "account_amount_ratio",
        "account_amount_max_ratio",
        "account_amount_min_ratio_1h",
        "reporting_limit_ratio",
    ):
        changed[name] = features[name] * shares
    if features["account_event_count"] == 0.0:
        # What has no past has no usual amount; these say 1 whatever the amount is.
        for name in ("account_amount_ratio", "account_amount_max_ratio"):
            changed[name] = features[name]
    if features["account_tx_count"][WINDOW_1H] == 0.0:
        changed["account_amount_min_ratio_1h"] = features["account_amount_min_ratio_1h"]
    spent = float(features["account_amount_sum"][_DAY_WINDOWS - 1])
    if spent + amount > 0.0:
        changed["account_outflow_ratio_24h"] = (
            features["account_outflow_ratio_24h"] * (spent + amount * shares) / (spent + amount)
        )
    return changed
