"""The statistical and the behavioral detector: from features to evidence, scores and a risk.

Each reason turns a few features into a strength in [0, 1): 0 up to an onset, then rising towards
a cap. A detector's score is the noisy-or of its reasons, 1 - prod(1 - strength), so that reasons
add up without ever passing 1, and a reason's evidence is -ln(1 - strength), which does add up.

Onsets, scales and caps are chosen by us from what the features mean (a z score of 3, ten times
the usual amount, faster than an airliner); none was fitted to a data set. Reasons are named and
worded in scoring_server/detectors/reasons.py, in the order of the constants here.

Source of the noisy-or: J. Pearl, Probabilistic Reasoning in Intelligent Systems, 1988, 4.3.2.
"""

import math

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import EVIDENCE_COUNT, KIND_TRADE
from scoring_server.kernels.entity_features import WINDOW_1H

(
    ACCOUNT_AMOUNT,
    ACCOUNT_VELOCITY,
    UNUSUAL_HOUR,
    NEW_DEVICE,
    NEW_COUNTRY,
    NEW_PAYEE_LARGE,
    IMPOSSIBLE_TRAVEL,
    DORMANT_ACCOUNT,
    CARD_TESTING,
    SMALL_THEN_LARGE,
    FAN_IN,
    PASS_THROUGH,
    SHARED_DEVICE,
    ACCOUNT_FRAUD,
    MERCHANT_FRAUD,
    DEVICE_FRAUD,
    ACCOUNT_LARGE_RUN,
    MERCHANT_FRAUD_RUN,
    WASH_TRADE,
    ONE_SIDED_PRESSURE,
    PEER_AMOUNT,
    MERCHANT_AMOUNT,
    MERCHANT_RATE,
    STRUCTURING,
    LARGE_FIRST_AMOUNT,
    PRICE_JUMP,
    PRICE_DRIFT,
    VOLUME_SPIKE,
    MODEL_SCORE,
) = range(29)
# Reasons below this index are the behavioral detector's, those from it on the statistical one's.
STATISTICAL_FIRST = PEER_AMOUNT

# An account is known after about this many transactions.
KNOWN_COUNT = 5.0
# Faster than an airliner, and far enough that a wrong position does not explain it.
TRAVEL_SPEED_KMH = 900.0
TRAVEL_DISTANCE_KM = 100.0
DORMANT_S = 30.0 * 86_400.0
# Of amounts, the highest hundredth is noticed; one in a thousand is as likely fraud as not where
# one payment in a thousand is fraud.
RARE_ONSET, RARE_SCALE, RARE_CAP = 2.0, 1.44, 0.95
# What is known of frauds is half forgotten after so long, as in entity_features.py.
RUN_HALF_LIFE_DAYS = 30.0


@njit(nogil=True, cache=True)
def strength(value, onset, scale, cap):
    """Return 0 up to `onset`, then cap * (1 - exp(-(value - onset) / scale)), below `cap`."""
    if not value > onset:
        return 0.0
    return cap * (1.0 - math.exp(-(value - onset) / scale))


@njit(nogil=True, cache=True)
def rare(surprise):
    """Return the strength of an amount's surprise, see RARE_ONSET."""
    return strength(surprise, RARE_ONSET, RARE_SCALE, RARE_CAP)


@njit(nogil=True, cache=True)
def merchant_fraud_evidence(features, out):
    """Write what known frauds say of a payee: it turned bad, or some of its payments always are.

    A run of two frauds is no accident; the longer it lasts the nearer its end. Without a run a
    steady share counts, as far as it is both old and new, and less for few frauds.
    """
    run = features["merchant_fraud_run_count"]
    if run >= 2.0:
        fading = 0.5 ** (features["merchant_fraud_run_days"] / RUN_HALF_LIFE_DAYS)
        out[MERCHANT_FRAUD_RUN] = run / (run + 1.0) * fading
        return
    steady = min(features["merchant_fraud_ratio_7d"], features["merchant_fraud_ratio_30d"])
    count = features["merchant_fraud_count_30d"]
    out[MERCHANT_FRAUD] = strength(steady, 0.02, 0.30, 0.60) * count / (count + 2.0)


@njit(nogil=True, cache=True)
def account_evidence(features, known, out):
    """Write the reasons that both kinds of transaction share.

    Args:
        features: FEATURES record.
        known: how well the account is known, 0 to 1.
        out: strengths, shape (EVIDENCE_COUNT,), zeros on entry.
    """
    far = strength(features["account_amount_z"], 2.5, 2.0, 0.60)
    out[ACCOUNT_AMOUNT] = known * max(far, rare(features["account_amount_surprise"]))
    above = min(max(np.float64(features["account_amount_z"]), 0.0), 1.0)
    out[ACCOUNT_LARGE_RUN] = above * strength(features["account_large_count"], 0.5, 1.0, 0.50)
    out[ACCOUNT_VELOCITY] = strength(features["account_rate_surprise"], 5.0, 5.0, 0.60)
    out[UNUSUAL_HOUR] = known * strength(features["account_hour_surprise"], 4.0, 2.0, 0.15)
    out[NEW_DEVICE] = known * 0.25 * features["account_new_device"]
    gap_s = features["account_gap_s"]
    out[DORMANT_ACCOUNT] = strength(gap_s / DORMANT_S, 1.0, 2.0, 0.30) * (
        1.0 if features["account_event_count"] >= 3.0 else 0.0
    )
    out[SHARED_DEVICE] = strength(features["device_accounts_24h"], 2.5, 2.0, 0.50)
    out[ACCOUNT_FRAUD] = strength(features["account_fraud_ratio"], 0.02, 0.15, 0.60)
    out[DEVICE_FRAUD] = strength(features["device_fraud_ratio"], 0.02, 0.15, 0.70)


@njit(nogil=True, cache=True)
def payment_evidence(features, transaction, known, out):
    """Write the reasons of a payment; arguments as in account_evidence."""
    account_evidence(features, known, out)
    out[NEW_COUNTRY] = known * 0.30 * features["account_new_country"]
    large = strength(features["account_amount_z"], 1.0, 2.0, 0.35)
    out[NEW_PAYEE_LARGE] = known * features["account_new_payee"] * large
    if features["distance_km"] > TRAVEL_DISTANCE_KM:
        speed = features["speed_kmh"] / TRAVEL_SPEED_KMH
        out[IMPOSSIBLE_TRAVEL] = strength(speed, 1.0, 1.0, 0.70)
    # Many payees within the hour, with amounts no larger than usual: somebody tries a card.
    if features["account_amount_z"] < 1.0:
        out[CARD_TESTING] = strength(features["account_payees_1h"], 3.5, 3.0, 0.60)
    if features["account_tx_count"][WINDOW_1H] >= 2.0:
        step = math.log10(max(features["account_amount_min_ratio_1h"], 1.0))
        # Large for the account as well, as far as it is known.
        above = min(max(np.float64(features["account_amount_z"]), 0.0), 1.0)
        large = 1.0 - known * (1.0 - above)
        out[SMALL_THEN_LARGE] = large * strength(step, 1.3, 0.7, 0.45)
    if transaction["counterparty_key"] != np.uint64(0):
        out[FAN_IN] = strength(features["merchant_payers_24h"], 4.5, 4.0, 0.50)
        payers = features["account_inflow_payers_24h"]
        ratio = features["account_outflow_ratio_24h"]
        if payers >= 2.0 and 0.7 <= ratio <= 1.3:
            out[PASS_THROUGH] = strength(payers, 1.0, 3.0, 0.60)
    merchant_fraud_evidence(features, out)
    far = strength(features["peer_amount_z"], 2.5, 2.0, 0.45)
    out[PEER_AMOUNT] = max(far, rare(features["peer_amount_surprise"]))
    out[MERCHANT_AMOUNT] = strength(features["merchant_amount_z"], 3.0, 2.0, 0.45)
    out[MERCHANT_RATE] = strength(features["merchant_rate_surprise"], 6.0, 6.0, 0.40)
    # Whoever is not known yet has no usual amount; beyond the reporting limit that is a reason.
    over = math.log10(max(features["reporting_limit_ratio"], 1.0))
    out[LARGE_FIRST_AMOUNT] = (1.0 - known) * strength(over, 0.0, 0.7, 0.75)
    near = features["account_near_limit_count_24h"]
    if 0.8 <= features["reporting_limit_ratio"] < 1.0:
        out[STRUCTURING] = strength(near, 0.5, 1.5, 0.70)


@njit(nogil=True, cache=True)
def trade_evidence(features, known, out):
    """Write the reasons of a trade; arguments as in account_evidence."""
    account_evidence(features, known, out)
    matches = features["wash_match_count"] + 2.0 * features["wash_match_ratio"]
    out[WASH_TRADE] = strength(matches, 1.2, 1.5, 0.80)
    drift = abs(features["instrument_drift_z"])
    pressure = features["owner_side_ratio"]
    out[ONE_SIDED_PRESSURE] = strength(pressure, 0.3, 0.3, 0.40 + 0.2 * min(drift, 1.0))
    out[PRICE_JUMP] = strength(abs(features["instrument_return_z"]), 4.5, 3.0, 0.65)
    out[PRICE_DRIFT] = strength(drift, 2.0, 1.0, 0.45)
    out[VOLUME_SPIKE] = strength(features["instrument_quantity_z"], 2.5, 1.5, 0.45)


@njit(nogil=True, cache=True)
def judge(features, transaction, judgement):
    """Score a transaction by both detectors.

    Args:
        features: FEATURES record.
        transaction: TRANSACTION record.
        judgement: JUDGEMENT record; strengths and the two scores are overwritten.
    """
    out = judgement["strengths"]
    for reason in range(EVIDENCE_COUNT):
        out[reason] = 0.0
    count = np.float64(features["account_event_count"])
    known = count / (count + KNOWN_COUNT)
    if transaction["kind"] == KIND_TRADE:
        trade_evidence(features, known, out)
    else:
        payment_evidence(features, transaction, known, out)
    usual = 1.0
    for reason in range(STATISTICAL_FIRST):
        usual *= 1.0 - out[reason]
    judgement["behavioral"] = 1.0 - usual
    usual = 1.0
    for reason in range(STATISTICAL_FIRST, MODEL_SCORE):
        usual *= 1.0 - out[reason]
    judgement["statistical"] = 1.0 - usual
