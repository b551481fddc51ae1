"""What each reason tells: its value, what is usual, and the numbers in its sentence.

The sentences with the places of the numbers are in scoring_server/detectors/reasons.py.
"""

import numpy as np
from numba import njit

from scoring_server.kernels import evidence
from scoring_server.kernels.dtypes import WINDOW_NAMES

# Most numbers in one sentence.
NUMBER_COUNT_MAX = 2
_1H = WINDOW_NAMES.index("1h")
_30D = WINDOW_NAMES.index("30d")
_DAY_S = 86_400.0
_TRAVEL_KMH = 900.0
_DORMANT_DAYS = 30.0
_HOUR_SURPRISE_USUAL = 3.0


@njit(nogil=True, cache=True)
def _usual(amount, ratio):
    return amount / ratio if ratio > 0.0 else 0.0


@njit(nogil=True, cache=True)
def _days(age_days):
    return max(min(np.float64(age_days), 30.0), 1.0)


@njit(nogil=True, cache=True)
def tell(reason, f, numbers):
    """Return value and baseline of a reason, and write the numbers of its sentence.

    Args:
        reason: line of the reason table, a constant of evidence.py; MODEL_SCORE tells nothing here,
            because its value is the model's.
        f: FEATURES record.
        numbers: float64, shape (NUMBER_COUNT_MAX,); those of the sentence are overwritten.
    """
    if reason < evidence.MERCHANT_FRAUD:
        return _tell_account(reason, f, numbers)
    return _tell_others(reason, f, numbers)


@njit(nogil=True, cache=True)
def _tell_account(reason, f, numbers):
    value = 0.0
    baseline = 0.0
    amount = np.float64(f["amount"])
    if reason == evidence.ACCOUNT_AMOUNT or reason == evidence.NEW_PAYEE_LARGE:
        value = amount
        baseline = _usual(amount, np.float64(f["account_amount_ratio"]))
        numbers[0] = amount
        numbers[1] = baseline
    elif reason == evidence.ACCOUNT_VELOCITY:
        value = np.float64(f["account_tx_count"][_1H]) + 1.0
        daily = np.float64(f["account_tx_count"][_30D]) / _days(f["account_age_days"])
        baseline = daily / 24.0
        numbers[0] = value
        numbers[1] = daily
    elif reason == evidence.UNUSUAL_HOUR:
        value = np.float64(f["account_hour_surprise"])
        baseline = _HOUR_SURPRISE_USUAL
        numbers[0] = np.float64(f["hour_of_day"])
    elif reason == evidence.NEW_DEVICE:
        value = np.float64(f["account_new_device"])
    elif reason == evidence.NEW_COUNTRY:
        value = np.float64(f["account_new_country"])
    elif reason == evidence.IMPOSSIBLE_TRAVEL:
        value = np.float64(f["speed_kmh"])
        baseline = _TRAVEL_KMH
        numbers[0] = np.float64(f["distance_km"])
        numbers[1] = value
    elif reason == evidence.DORMANT_ACCOUNT:
        value = np.float64(f["account_gap_s"]) / _DAY_S
        baseline = _DORMANT_DAYS
        numbers[0] = value
    elif reason == evidence.CARD_TESTING:
        value = np.float64(f["account_payees_1h"])
        baseline = 1.0
        numbers[0] = value
    elif reason == evidence.SMALL_THEN_LARGE:
        value = np.float64(f["account_amount_min_ratio_1h"])
        baseline = 1.0
        numbers[0] = value
    elif reason == evidence.FAN_IN:
        value = np.float64(f["merchant_payers_24h"])
        baseline = 1.0
        numbers[0] = value
    elif reason == evidence.PASS_THROUGH:
        value = np.float64(f["account_outflow_ratio_24h"])
        numbers[0] = value
        numbers[1] = np.float64(f["account_inflow_payers_24h"])
    elif reason == evidence.SHARED_DEVICE:
        value = np.float64(f["device_accounts_24h"])
        baseline = 1.0
        numbers[0] = value
    elif reason == evidence.ACCOUNT_FRAUD:
        value = np.float64(f["account_fraud_ratio"])
        numbers[0] = value
    return value, baseline


@njit(nogil=True, cache=True)
def _tell_others(reason, f, numbers):
    value = 0.0
    baseline = 0.0
    if reason == evidence.MERCHANT_FRAUD:
        value = np.float64(f["merchant_fraud_ratio_30d"])
    elif reason == evidence.ACCOUNT_LARGE_RUN:
        value = np.float64(f["account_large_count"])
    elif reason == evidence.MERCHANT_FRAUD_RUN:
        value = np.float64(f["merchant_fraud_run_count"])
    elif reason == evidence.DEVICE_FRAUD:
        value = np.float64(f["device_fraud_ratio"])
    elif reason == evidence.WASH_TRADE:
        value = max(np.float64(f["wash_match_count"]), 1.0)
    elif reason == evidence.ONE_SIDED_PRESSURE:
        value = np.float64(f["owner_side_ratio"])
    elif reason == evidence.PEER_AMOUNT:
        value = np.float64(f["peer_amount_z"])
    elif reason == evidence.MERCHANT_AMOUNT:
        value = np.float64(f["merchant_amount_z"])
    elif reason == evidence.MERCHANT_RATE:
        value = np.float64(f["merchant_tx_count"][_1H]) + 1.0
        daily = np.float64(f["merchant_tx_count"][_30D]) / _days(f["merchant_age_days"])
        baseline = daily / 24.0
    elif reason == evidence.STRUCTURING:
        value = np.float64(f["account_near_limit_count_24h"]) + 1.0
    elif reason == evidence.LARGE_FIRST_AMOUNT:
        value = np.float64(f["amount"])
        baseline = _usual(value, np.float64(f["reporting_limit_ratio"]))
    elif reason == evidence.PRICE_JUMP:
        value = np.float64(f["instrument_return_z"])
    elif reason == evidence.PRICE_DRIFT:
        value = np.float64(f["instrument_drift_z"])
    elif reason == evidence.VOLUME_SPIKE:
        value = np.float64(f["instrument_quantity_z"])
    # A distance from the usual is told without its sign.
    numbers[0] = abs(value)
    numbers[1] = baseline
    return value, baseline
