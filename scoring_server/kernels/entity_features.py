"""What an account, a payee or a device contributes to the features, and how it learns.

`*_score` functions read an ENTITY record and write feature columns; `*_update` functions change
the record. All trust their caller: finite amounts of 0 or more, times between 1970 and 2200.
"""

import math

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import HOUR_BIN_COUNT
from scoring_server.kernels.fraud_days import fraud_days_score
from scoring_server.kernels.moments import amount_log, log_z, moments_update, rate_surprise
from scoring_server.kernels.windows import (
    distinct_tags,
    recent_amount_extremes,
    windows_score,
    windows_update,
)

NS_PER_S = 1_000_000_000
HOUR_NS = 3_600 * NS_PER_S
DAY_NS = 24 * HOUR_NS
WINDOW_1H = 2
WINDOW_24H = 3
WINDOW_30D = 5
# Transactions that an entity's usual amount remembers; the same for a peer group.
ENTITY_MEMORY = 50.0
PEER_MEMORY = 2_000.0
# Share that a time-of-day bin keeps at each transaction: a memory of about 50.
HOUR_DECAY = 0.98
# Labels fade with a half-life of 30 d: a terminal that was bad last year may be clean today.
LABEL_HALF_LIFE_NS = 30.0 * DAY_NS
# A known fraud is news for about a week.
RECENCY_SCALE_NS = 7.0 * DAY_NS
# A share of known fraud starts from 0 of 4; an unlabelled transaction counts half a legitimate one:
# where only chargebacks are reported almost all are, but the latest are not known yet.
LABEL_PRIOR_COUNT = 4.0
UNLABELLED_WEIGHT = 0.5
NEAR_LIMIT_HALF_LIFE_NS = 1.0 * DAY_NS
# A stolen card is used for some days.
LARGE_HALF_LIFE_NS = 3.0 * DAY_NS
# A rate starts from half an event in 12 hours.
RATE_PRIOR_COUNT = 0.5
RATE_PRIOR_H = 12.0
RATE_SPAN_H = 720.0


@njit(nogil=True, cache=True)
def faded(weight, elapsed_ns, half_life_ns):
    """Return a weight after `elapsed_ns`; time that runs backwards does not fade it."""
    if weight == 0.0 or elapsed_ns <= 0:
        return np.float64(weight)
    return weight * math.exp(-math.log(2.0) * elapsed_ns / half_life_ns)


@njit(nogil=True, cache=True)
def age_days(entity, now_ns):
    """Return the time since the entity's first event in days; 0.0 for a new one."""
    if entity["event_count"] == 0:
        return 0.0
    return max(0.0, np.float64(now_ns - entity["first_time_ns"]) / DAY_NS)


@njit(nogil=True, cache=True)
def hour_rate_surprise(counts, age_in_days):
    """Return how surprising the last hour, this event included, is at the entity's own rate.

    Args:
        counts: events by window, shape (WINDOW_COUNT,), this event not counted.
        age_in_days: since the first event.
    """
    before_hour = max(0.0, np.float64(counts[WINDOW_30D]) - np.float64(counts[WINDOW_1H]))
    span_h = min(age_in_days * 24.0, RATE_SPAN_H)
    per_hour = (before_hour + RATE_PRIOR_COUNT) / (span_h + RATE_PRIOR_H)
    return rate_surprise(np.float64(counts[WINDOW_1H]) + 1.0, per_hour)


@njit(nogil=True, cache=True)
def fraud_ratio(entity, now_ns, count_30d):
    """Return the faded share of known fraud among the entity's transactions, 0 to 1."""
    elapsed_ns = now_ns - entity["label_time_ns"]
    fraud = faded(entity["fraud_weight"], elapsed_ns, LABEL_HALF_LIFE_NS)
    legitimate = faded(entity["legitimate_weight"], elapsed_ns, LABEL_HALF_LIFE_NS)
    base = fraud + legitimate + LABEL_PRIOR_COUNT + UNLABELLED_WEIGHT * np.float64(count_30d)
    return fraud / base


@njit(nogil=True, cache=True)
def fraud_recency(entity, now_ns):
    """Return 1.0 right after a fraud became known, fading by e in 7 d; 0.0 without one."""
    if entity["fraud_weight"] <= 0.0 or entity["last_fraud_time_ns"] == 0:
        return 0.0
    elapsed_ns = max(0.0, np.float64(now_ns - entity["last_fraud_time_ns"]))
    return math.exp(-elapsed_ns / RECENCY_SCALE_NS)


@njit(nogil=True, cache=True)
def label_update(entity, known_time_ns, fraud_delta, legitimate_delta):
    """Count a label, or take one back; weights never fall below 0. O(1)."""
    elapsed_ns = known_time_ns - entity["label_time_ns"]
    fraud = faded(entity["fraud_weight"], elapsed_ns, LABEL_HALF_LIFE_NS)
    legitimate = faded(entity["legitimate_weight"], elapsed_ns, LABEL_HALF_LIFE_NS)
    entity["fraud_weight"] = np.float32(max(0.0, fraud + fraud_delta))
    entity["legitimate_weight"] = np.float32(max(0.0, legitimate + legitimate_delta))
    entity["label_time_ns"] = max(entity["label_time_ns"], known_time_ns)
    if fraud_delta > 0:
        entity["last_fraud_time_ns"] = max(entity["last_fraud_time_ns"], known_time_ns)


@njit(nogil=True, cache=True)
def hour_bin(time_ns):
    """Return the bin of the time of day, UTC, 0 to HOUR_BIN_COUNT - 1."""
    return (time_ns % DAY_NS) * HOUR_BIN_COUNT // DAY_NS


@njit(nogil=True, cache=True)
def account_score(account, transaction, out):
    """Write what an account's own past says of its next transaction.

    Args:
        account: ENTITY record; only read.
        transaction: TRANSACTION record.
        out: FEATURES record; the account columns are overwritten.

    Cost: O(RECENT_SIZE^2 + WINDOW_COUNT * TILE_COUNT).
    """
    now_ns = transaction["event_time_ns"]
    amount = transaction["amount"]
    count = account["event_count"]
    windows_score(account, now_ns, out["account_tx_count"], out["account_amount_sum"])
    age = age_days(account, now_ns)
    out["account_event_count"] = count
    out["account_age_days"] = age
    out["account_rate_surprise"] = hour_rate_surprise(out["account_tx_count"], age)
    out["account_gap_s"] = 0.0
    out["account_amount_ratio"] = 1.0
    out["account_amount_max_ratio"] = 1.0
    out["account_amount_min_ratio_1h"] = 1.0
    mean = account["log_amount_mean"]
    log_amount = amount_log(amount)
    out["account_amount_z"] = log_z(log_amount, mean, account["log_amount_variance"], count)
    if count > 0:
        gap_ns = max(np.int64(0), now_ns - account["last_time_ns"])
        out["account_gap_s"] = np.float64(gap_ns) / NS_PER_S
        out["account_amount_ratio"] = math.exp(min(log_amount - mean, 50.0))
        largest, smallest = recent_amount_extremes(account, now_ns, HOUR_NS)
        if largest > 0.0:
            out["account_amount_max_ratio"] = amount / largest
        if smallest > 0.0:
            out["account_amount_min_ratio_1h"] = amount / smallest
    total = 0.0
    for place in range(HOUR_BIN_COUNT):
        total += account["hour_weight"][place]
    share = (account["hour_weight"][hour_bin(now_ns)] + 1.0) / (total + HOUR_BIN_COUNT)
    out["account_hour_surprise"] = -math.log2(share)
    out["account_payees_1h"] = distinct_tags(account, now_ns, HOUR_NS)
    out["account_payees_24h"] = distinct_tags(account, now_ns, DAY_NS)
    out["account_fraud_ratio"] = fraud_ratio(account, now_ns, out["account_tx_count"][WINDOW_30D])
    out["account_fraud_recency"] = fraud_recency(account, now_ns)
    elapsed_ns = now_ns - account["near_limit_time_ns"]
    out["account_near_limit_count_24h"] = faded(
        account["near_limit_weight"], elapsed_ns, NEAR_LIMIT_HALF_LIFE_NS
    )
    elapsed_ns = now_ns - account["large_time_ns"]
    out["account_large_count"] = faded(account["large_weight"], elapsed_ns, LARGE_HALF_LIFE_NS)
    out["account_large_surprise"] = faded(account["large_surprise"], elapsed_ns, LARGE_HALF_LIFE_NS)


@njit(nogil=True, cache=True)
def merchant_score(merchant, transaction, out):
    """Write what a payee's past says of its next payment; `out` as in account_score."""
    now_ns = transaction["event_time_ns"]
    windows_score(merchant, now_ns, out["merchant_tx_count"], out["merchant_amount_sum"])
    age = age_days(merchant, now_ns)
    out["merchant_age_days"] = age
    out["merchant_rate_surprise"] = hour_rate_surprise(out["merchant_tx_count"], age)
    out["merchant_amount_z"] = log_z(
        amount_log(transaction["amount"]),
        merchant["log_amount_mean"],
        merchant["log_amount_variance"],
        merchant["event_count"],
    )
    out["merchant_payers_1h"] = distinct_tags(merchant, now_ns, HOUR_NS)
    out["merchant_payers_24h"] = distinct_tags(merchant, now_ns, DAY_NS)
    count_30d = out["merchant_tx_count"][WINDOW_30D]
    out["merchant_fraud_ratio"] = fraud_ratio(merchant, now_ns, count_30d)
    out["merchant_fraud_recency"] = fraud_recency(merchant, now_ns)
    fraud_days_score(merchant, now_ns, out)


@njit(nogil=True, cache=True)
def device_score(device, transaction, out):
    """Write what a device's past says of its next transaction; `out` as in account_score."""
    now_ns = transaction["event_time_ns"]
    windows_score(device, now_ns, out["device_tx_count"], out["device_amount_sum"])
    out["device_age_days"] = age_days(device, now_ns)
    out["device_accounts_24h"] = distinct_tags(device, now_ns, DAY_NS)
    count_30d = out["device_tx_count"][WINDOW_30D]
    out["device_fraud_ratio"] = fraud_ratio(device, now_ns, count_30d)
    out["device_fraud_recency"] = fraud_recency(device, now_ns)


@njit(nogil=True, cache=True)
def entity_update(entity, time_ns, amount, tag, sequence):
    """Let an entity of any kind learn a transaction: windows, usual amount, last sequence."""
    mean, variance = moments_update(
        amount_log(amount),
        entity["log_amount_mean"],
        entity["log_amount_variance"],
        entity["event_count"],
        ENTITY_MEMORY,
    )
    entity["log_amount_mean"] = mean
    entity["log_amount_variance"] = variance
    windows_update(entity, time_ns, amount, tag)
    entity["sequence"] = sequence


@njit(nogil=True, cache=True)
def hours_update(account, time_ns):
    """Let an account's time-of-day profile learn a transaction. O(HOUR_BIN_COUNT)."""
    for place in range(HOUR_BIN_COUNT):
        account["hour_weight"][place] *= np.float32(HOUR_DECAY)
    account["hour_weight"][hour_bin(time_ns)] += np.float32(1.0)
