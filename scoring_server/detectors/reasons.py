"""The reason table: code, detector, feature and wording of each reason that a kernel can give.

The order is that of the constants in kernels/evidence.py; a test keeps both equal. Codes are
stable: clients store them. What the numbers in a sentence are says kernels/tell.py, and
wording.py how they are written.
"""

from dataclasses import dataclass
from typing import Final

DETECTOR_STATISTICAL: Final = 1
DETECTOR_BEHAVIORAL: Final = 2
DETECTOR_ML: Final = 3


@dataclass(frozen=True, slots=True)
class ReasonKind:
    """One line of the reason table.

    Attributes:
        code: stable UPPER_SNAKE code.
        detector: value of the proto enum Detector.
        feature: catalogue feature that the value belongs to; "" for the model's score.
        sentence: for people; a number stands as {place:form}, see wording.py.
    """

    code: str
    detector: int
    feature: str
    sentence: str


_B, _S = DETECTOR_BEHAVIORAL, DETECTOR_STATISTICAL
_FRAUD: Final = "Confirmed fraud at this {}: {{0:percent}} of recent transactions."
_SIGMA: Final = "{} {{0:tenth}} standard deviations from usual."

REASONS: Final = (
    ReasonKind(
        "ACCOUNT_AMOUNT",
        _B,
        "amount",
        "Amount {0:money}; this account usually spends about {1:money}.",
    ),
    ReasonKind(
        "ACCOUNT_VELOCITY",
        _B,
        "account_tx_count_1h",
        "{0:count|transaction|transactions} within an hour; "
        "this account usually makes {1:tenth} a day.",
    ),
    ReasonKind(
        "UNUSUAL_HOUR",
        _B,
        "account_hour_surprise",
        "Made at {0:clock} UTC, unusual for this account.",
    ),
    ReasonKind(
        "NEW_DEVICE",
        _B,
        "account_new_device",
        "A device that this account did not use lately.",
    ),
    ReasonKind(
        "NEW_COUNTRY",
        _B,
        "account_new_country",
        "A country that this account was never seen in.",
    ),
    ReasonKind(
        "NEW_PAYEE_LARGE",
        _B,
        "amount",
        "{0:money} to a payee this account never paid before.",
    ),
    ReasonKind(
        "IMPOSSIBLE_TRAVEL",
        _B,
        "speed_kmh",
        "{0:grouped} km from the last place, which needs {1:grouped} km/h.",
    ),
    ReasonKind(
        "DORMANT_ACCOUNT",
        _B,
        "account_gap_s",
        "First transaction of this account for {0:whole} days.",
    ),
    ReasonKind(
        "CARD_TESTING",
        _B,
        "account_payees_1h",
        "Small payments to {0:count|payee|different payees} within an hour.",
    ),
    ReasonKind(
        "SMALL_THEN_LARGE",
        _B,
        "account_amount_min_ratio_1h",
        "{0:grouped} times the smallest payment of the last hour: small, then large.",
    ),
    ReasonKind(
        "FAN_IN",
        _B,
        "merchant_payers_24h",
        "The receiving account was paid by {0:count|account|accounts} in 24 h.",
    ),
    ReasonKind(
        "PASS_THROUGH",
        _B,
        "account_outflow_ratio_24h",
        "Passes on {0:percent} of what {1:count|account|accounts} paid in within 24 h.",
    ),
    ReasonKind(
        "SHARED_DEVICE",
        _B,
        "device_accounts_24h",
        "The device was used by {0:count|account|accounts} in 24 h.",
    ),
    ReasonKind("ACCOUNT_FRAUD", _B, "account_fraud_ratio", _FRAUD.format("account")),
    ReasonKind("MERCHANT_FRAUD", _B, "merchant_fraud_ratio_30d", _FRAUD.format("payee")),
    ReasonKind("DEVICE_FRAUD", _B, "device_fraud_ratio", _FRAUD.format("device")),
    ReasonKind(
        "ACCOUNT_LARGE_RUN",
        _B,
        "account_large_count",
        "{0:count|payment|payments} of this account in the last days were far above its usual "
        "amount.",
    ),
    ReasonKind(
        "MERCHANT_FRAUD_RUN",
        _B,
        "merchant_fraud_run_count",
        "This payee's last {0:count|payment|payments} of which it could be known by now "
        "were frauds.",
    ),
    ReasonKind(
        "WASH_TRADE",
        _B,
        "wash_match_count",
        "{0:count|opposite trade|opposite trades} of the same owner at nearly the "
        "same price and size.",
    ),
    ReasonKind(
        "ONE_SIDED_PRESSURE",
        _B,
        "owner_side_ratio",
        "The owner made {0:percent} of the instrument's last trades, all on this side.",
    ),
    ReasonKind(
        "PEER_AMOUNT",
        _S,
        "peer_amount_z",
        _SIGMA.format("Amount for this merchant category and channel is"),
    ),
    ReasonKind(
        "MERCHANT_AMOUNT", _S, "merchant_amount_z", _SIGMA.format("Amount for this payee is")
    ),
    ReasonKind(
        "MERCHANT_RATE",
        _S,
        "merchant_tx_count_1h",
        "{0:count|payment|payments} to this payee within an hour; usually {1:tenth}.",
    ),
    ReasonKind(
        "STRUCTURING",
        _S,
        "account_near_limit_count_24h",
        "{0:count|payment|payments} just below the reporting limit within a day.",
    ),
    ReasonKind(
        "LARGE_FIRST_AMOUNT",
        _S,
        "amount",
        "{0:money} is above the reporting limit, and the account is hardly known.",
    ),
    ReasonKind("PRICE_JUMP", _S, "instrument_return_z", _SIGMA.format("Price jumped")),
    ReasonKind("PRICE_DRIFT", _S, "instrument_drift_z", _SIGMA.format("Price has drifted")),
    ReasonKind("VOLUME_SPIKE", _S, "instrument_quantity_z", _SIGMA.format("Quantity is")),
    ReasonKind("MODEL_SCORE", DETECTOR_ML, "", "The model finds this transaction unusual."),
)
