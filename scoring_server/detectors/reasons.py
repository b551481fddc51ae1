"""The reason table: code, detector, feature and wording of each reason that a kernel can give.

The order is that of the constants in kernels/evidence.py; a test keeps both equal. Codes are
stable: clients store them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from scoring_server.kernels.dtypes import WINDOW_NAMES

DETECTOR_STATISTICAL: Final = 1
DETECTOR_BEHAVIORAL: Final = 2
DETECTOR_ML: Final = 3

_1H = WINDOW_NAMES.index("1h")
_24H = WINDOW_NAMES.index("24h")
_30D = WINDOW_NAMES.index("30d")

# One row of the FEATURES record.
Row = Any
Told = tuple[float, float, str]


@dataclass(frozen=True, slots=True)
class ReasonKind:
    """One line of the reason table.

    Attributes:
        code: stable UPPER_SNAKE code.
        detector: value of the proto enum Detector.
        feature: catalogue feature that the value belongs to; "" for the model's score.
        tell: from a FEATURES row to value, baseline and a sentence for people.
    """

    code: str
    detector: int
    feature: str
    tell: Callable[[Row], Told]


def _count(number: float, one: str, many: str) -> str:
    rounded = round(number)
    return f"{rounded} {one if rounded == 1 else many}"


def _money(amount: float) -> str:
    return f"{amount:,.2f}"


def _usual(amount: float, ratio: float) -> float:
    return amount / ratio if ratio > 0 else 0.0


def _account_amount(f: Row) -> Told:
    amount = float(f["amount"])
    usual = _usual(amount, float(f["account_amount_ratio"]))
    sentence = f"Amount {_money(amount)}; this account usually spends about {_money(usual)}."
    return amount, usual, sentence


def _account_velocity(f: Row) -> Told:
    count = float(f["account_tx_count"][_1H]) + 1
    days = max(min(float(f["account_age_days"]), 30.0), 1.0)
    daily = float(f["account_tx_count"][_30D]) / days
    sentence = (
        f"{_count(count, 'transaction', 'transactions')} within an hour; "
        f"this account usually makes {daily:.1f} a day."
    )
    return count, daily / 24.0, sentence


def _unusual_hour(f: Row) -> Told:
    hour = float(f["hour_of_day"])
    sentence = f"Made at {int(hour):02d}:{int(hour % 1 * 60):02d} UTC, unusual for this account."
    return float(f["account_hour_surprise"]), 3.0, sentence


def _impossible_travel(f: Row) -> Told:
    distance, speed = float(f["distance_km"]), float(f["speed_kmh"])
    sentence = f"{distance:,.0f} km from the last place, which needs {speed:,.0f} km/h."
    return speed, 900.0, sentence


def _dormant(f: Row) -> Told:
    days = float(f["account_gap_s"]) / 86_400.0
    return days, 30.0, f"First transaction of this account for {days:.0f} days."


def _card_testing(f: Row) -> Told:
    payees = float(f["account_payees_1h"])
    sentence = f"Small payments to {_count(payees, 'payee', 'different payees')} within an hour."
    return payees, 1.0, sentence


def _small_then_large(f: Row) -> Told:
    ratio = float(f["account_amount_min_ratio_1h"])
    sentence = f"{ratio:,.0f} times the smallest payment of the last hour: small, then large."
    return ratio, 1.0, sentence


def _fan_in(f: Row) -> Told:
    payers = float(f["merchant_payers_24h"])
    told = _count(payers, "account", "accounts")
    sentence = f"The receiving account was paid by {told} in 24 h."
    return payers, 1.0, sentence


def _pass_through(f: Row) -> Told:
    ratio = float(f["account_outflow_ratio_24h"])
    payers = float(f["account_inflow_payers_24h"])
    told = _count(payers, "account", "accounts")
    sentence = f"Passes on {ratio:.0%} of what {told} paid in within 24 h."
    return ratio, 0.0, sentence


def _shared_device(f: Row) -> Told:
    accounts = float(f["device_accounts_24h"])
    sentence = f"The device was used by {_count(accounts, 'account', 'accounts')} in 24 h."
    return accounts, 1.0, sentence


def _known_fraud(entity: str, column: str) -> Callable[[Row], Told]:
    def tell(f: Row) -> Told:
        ratio = float(f[column])
        return ratio, 0.0, f"Confirmed fraud at this {entity}: {ratio:.0%} of recent transactions."

    return tell


def _wash(f: Row) -> Told:
    matches = max(float(f["wash_match_count"]), 1.0)
    sentence = (
        f"{_count(matches, 'opposite trade', 'opposite trades')} of the same owner at nearly the "
        "same price and size."
    )
    return matches, 0.0, sentence


def _pressure(f: Row) -> Told:
    share = float(f["owner_side_ratio"])
    sentence = f"The owner made {share:.0%} of the instrument's last trades, all on this side."
    return share, 0.0, sentence


def _sigma(column: str, what: str, unit: str = "standard deviations") -> Callable[[Row], Told]:
    def tell(f: Row) -> Told:
        z = float(f[column])
        return z, 0.0, f"{what} {abs(z):.1f} {unit} from usual."

    return tell


def _merchant_rate(f: Row) -> Told:
    count = float(f["merchant_tx_count"][_1H]) + 1
    days = max(min(float(f["merchant_age_days"]), 30.0), 1.0)
    hourly = float(f["merchant_tx_count"][_30D]) / days / 24.0
    sentence = (
        f"{_count(count, 'payment', 'payments')} to this payee within an hour; "
        f"usually {hourly:.1f}."
    )
    return count, hourly, sentence


def _structuring(f: Row) -> Told:
    near = float(f["account_near_limit_count_24h"]) + 1
    sentence = f"{_count(near, 'payment', 'payments')} just below the reporting limit within a day."
    return near, 0.0, sentence


def _large_first(f: Row) -> Told:
    amount = float(f["amount"])
    limit = _usual(amount, float(f["reporting_limit_ratio"]))
    sentence = f"{_money(amount)} is above the reporting limit, and the account is hardly known."
    return amount, limit, sentence


def _always(sentence: str, column: str) -> Callable[[Row], Told]:
    def tell(f: Row) -> Told:
        return float(f[column]), 0.0, sentence

    return tell


def _new_payee(f: Row) -> Told:
    amount = float(f["amount"])
    usual = _usual(amount, float(f["account_amount_ratio"]))
    return amount, usual, f"{_money(amount)} to a payee this account never paid before."


def _model(_f: Row) -> Told:
    # The score itself is put in by explain.py, which has it.
    return 0.0, 0.0, "The model finds this transaction unusual."


_B, _S = DETECTOR_BEHAVIORAL, DETECTOR_STATISTICAL

REASONS: Final = (
    ReasonKind("ACCOUNT_AMOUNT", _B, "amount", _account_amount),
    ReasonKind("ACCOUNT_VELOCITY", _B, "account_tx_count_1h", _account_velocity),
    ReasonKind("UNUSUAL_HOUR", _B, "account_hour_surprise", _unusual_hour),
    ReasonKind(
        "NEW_DEVICE",
        _B,
        "account_new_device",
        _always("A device that this account did not use lately.", "account_new_device"),
    ),
    ReasonKind(
        "NEW_COUNTRY",
        _B,
        "account_new_country",
        _always("A country that this account was never seen in.", "account_new_country"),
    ),
    ReasonKind("NEW_PAYEE_LARGE", _B, "amount", _new_payee),
    ReasonKind("IMPOSSIBLE_TRAVEL", _B, "speed_kmh", _impossible_travel),
    ReasonKind("DORMANT_ACCOUNT", _B, "account_gap_s", _dormant),
    ReasonKind("CARD_TESTING", _B, "account_payees_1h", _card_testing),
    ReasonKind("SMALL_THEN_LARGE", _B, "account_amount_min_ratio_1h", _small_then_large),
    ReasonKind("FAN_IN", _B, "merchant_payers_24h", _fan_in),
    ReasonKind("PASS_THROUGH", _B, "account_outflow_ratio_24h", _pass_through),
    ReasonKind("SHARED_DEVICE", _B, "device_accounts_24h", _shared_device),
    ReasonKind(
        "ACCOUNT_FRAUD",
        _B,
        "account_fraud_ratio",
        _known_fraud("account", "account_fraud_ratio"),
    ),
    ReasonKind(
        "MERCHANT_FRAUD",
        _B,
        "merchant_fraud_ratio",
        _known_fraud("payee", "merchant_fraud_ratio"),
    ),
    ReasonKind(
        "DEVICE_FRAUD", _B, "device_fraud_ratio", _known_fraud("device", "device_fraud_ratio")
    ),
    ReasonKind("WASH_TRADE", _B, "wash_match_count", _wash),
    ReasonKind("ONE_SIDED_PRESSURE", _B, "owner_side_ratio", _pressure),
    ReasonKind(
        "PEER_AMOUNT",
        _S,
        "peer_amount_z",
        _sigma("peer_amount_z", "Amount for this merchant category and channel is"),
    ),
    ReasonKind(
        "MERCHANT_AMOUNT",
        _S,
        "merchant_amount_z",
        _sigma("merchant_amount_z", "Amount for this payee is"),
    ),
    ReasonKind("MERCHANT_RATE", _S, "merchant_tx_count_1h", _merchant_rate),
    ReasonKind("STRUCTURING", _S, "account_near_limit_count_24h", _structuring),
    ReasonKind("LARGE_FIRST_AMOUNT", _S, "amount", _large_first),
    ReasonKind(
        "PRICE_JUMP", _S, "instrument_return_z", _sigma("instrument_return_z", "Price jumped")
    ),
    ReasonKind(
        "PRICE_DRIFT",
        _S,
        "instrument_drift_z",
        _sigma("instrument_drift_z", "Price has drifted"),
    ),
    ReasonKind(
        "VOLUME_SPIKE",
        _S,
        "instrument_quantity_z",
        _sigma("instrument_quantity_z", "Quantity is"),
    ),
    ReasonKind("MODEL_SCORE", DETECTOR_ML, "", _model),
)
