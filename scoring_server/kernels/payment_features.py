"""Features of a payment that need more than one entity, and how a payment changes them."""

import math

import numpy as np
from numba import njit

from scoring_server.kernels.entity_features import (
    DAY_NS,
    HOUR_NS,
    NEAR_LIMIT_HALF_LIFE_NS,
    PEER_MEMORY,
    WINDOW_24H,
    entity_update,
    faded,
    hours_update,
)
from scoring_server.kernels.geo import distance_km
from scoring_server.kernels.moments import amount_log, log_z, moments_update
from scoring_server.kernels.tails import tail_surprise, tail_update
from scoring_server.kernels.windows import distinct_tags, windows_score

# A payment between this share and the whole of the reporting limit stays just below it.
NEAR_LIMIT_RATIO = 0.8
# Transactions before an account has a usual amount.
USUAL_COUNT_MIN = 5
# Two places in less than a minute: the clock of one of the two is not that good.
TRAVEL_TIME_H_MIN = 1.0 / 60.0
_RATIO_MIN = 1e-30
_MIX = np.uint64(0x9E3779B97F4A7C15)


@njit(nogil=True, cache=True)
def _bit_of(value, words):
    """Return one of 64 * words.shape[0] bits, a power of two, for a small code."""
    return np.int64((np.uint64(value) * _MIX) >> np.uint64(40)) % (64 * words.shape[0])


@njit(nogil=True, cache=True)
def code_seen(words, value):
    """Return whether a hashed set may hold a small code such as a country or an MCC.

    A set of b bits that holds k codes takes k / b of new ones for seen.
    """
    bit = _bit_of(value, words)
    return words[bit // 64] & (np.uint64(1) << np.uint64(bit % 64)) != np.uint64(0)


@njit(nogil=True, cache=True)
def remember_code(words, value):
    """Put a small code into a hashed set."""
    bit = _bit_of(value, words)
    words[bit // 64] |= np.uint64(1) << np.uint64(bit % 64)


@njit(nogil=True, cache=True)
def peer_key(transaction):
    """Return the key of a payment's peer group: merchant category, channel and currency."""
    packed = (
        np.uint64(transaction["mcc"]) << np.uint64(40)
        | np.uint64(transaction["channel"]) << np.uint64(32)
        | np.uint64(transaction["currency"])
    )
    mixed = (packed + np.uint64(1)) * _MIX
    mixed ^= mixed >> np.uint64(29)
    return mixed if mixed != np.uint64(0) else np.uint64(1)


@njit(nogil=True, cache=True)
def _payee_seen(account, key):
    for part in range(2):
        bit = (key >> np.uint64(8 + 8 * part)) & np.uint64(255)
        word = account["payee_bits"][np.int64(bit >> np.uint64(6))]
        if word & (np.uint64(1) << (bit & np.uint64(63))) == np.uint64(0):
            return False
    return True


@njit(nogil=True, cache=True)
def _remember_payee(account, key):
    for part in range(2):
        bit = (key >> np.uint64(8 + 8 * part)) & np.uint64(255)
        account["payee_bits"][np.int64(bit >> np.uint64(6))] |= np.uint64(1) << (
            bit & np.uint64(63)
        )


@njit(nogil=True, cache=True)
def device_known(account, key):
    """Return whether the account's last 4 devices hold this one."""
    tag = np.uint32(key & np.uint64(0xFFFFFFFF))
    known = False
    for place in range(4):
        known |= account["recent_device"][place] == tag
    return known


@njit(nogil=True, cache=True)
def remember_device(account, key):
    """Put a device first among the account's last 4."""
    tag = np.uint32(key & np.uint64(0xFFFFFFFF))
    carried = tag
    for place in range(4):
        found = account["recent_device"][place]
        account["recent_device"][place] = carried
        if found == tag:
            return
        carried = found


@njit(nogil=True, cache=True)
def novelty_score(account, transaction, out):
    """Write what the account never did before.

    The payee filter of 256 bits may know too much: with 30 payees it takes 4 % of new ones for
    known, with 100 payees a third.
    """
    out["account_new_payee"] = 0.0
    out["account_new_device"] = 0.0
    out["account_new_country"] = 0.0
    out["account_new_mcc"] = 0.0
    payee = transaction["merchant_key"]
    if payee != np.uint64(0) and not _payee_seen(account, payee):
        out["account_new_payee"] = 1.0
    device = transaction["device_key"]
    if device != np.uint64(0) and not device_known(account, device):
        out["account_new_device"] = 1.0
    country = transaction["country"]
    if country != 0 and not code_seen(account["country_bits"], country):
        out["account_new_country"] = 1.0
    if transaction["mcc"] != 0 and not code_seen(account["mcc_bits"], transaction["mcc"]):
        out["account_new_mcc"] = 1.0


@njit(nogil=True, cache=True)
def travel_score(account, transaction, out):
    """Write distance and speed from the account's last known place; 0.0 where unknown."""
    out["distance_km"] = 0.0
    out["speed_kmh"] = 0.0
    latitude = transaction["latitude_deg"]
    if math.isnan(latitude) or account["last_position_time_ns"] == 0:
        return
    distance = distance_km(
        account["last_latitude_deg"],
        account["last_longitude_deg"],
        latitude,
        transaction["longitude_deg"],
    )
    elapsed_ns = abs(transaction["event_time_ns"] - account["last_position_time_ns"])
    out["distance_km"] = distance
    out["speed_kmh"] = distance / max(np.float64(elapsed_ns) / HOUR_NS, TRAVEL_TIME_H_MIN)


@njit(nogil=True, cache=True)
def inflow_score(inflow, transaction, scratch, out):
    """Write what the paying account itself received.

    Args:
        inflow: ENTITY record of the account as a payee; only read.
        transaction: TRANSACTION record.
        scratch: float32, shape (2, WINDOW_COUNT), overwritten.
        out: FEATURES record, the account's own windows already written.
    """
    now_ns = transaction["event_time_ns"]
    windows_score(inflow, now_ns, scratch[0], scratch[1])
    out["account_inflow_count_24h"] = scratch[0][WINDOW_24H]
    out["account_inflow_payers_24h"] = distinct_tags(inflow, now_ns, DAY_NS)
    received = scratch[1][WINDOW_24H]
    if received > 0.0:
        spent = out["account_amount_sum"][WINDOW_24H] + transaction["amount"]
        out["account_outflow_ratio_24h"] = spent / received


@njit(nogil=True, cache=True)
def _log_ratio(features):
    return math.log(max(np.float64(features["account_amount_ratio"]), _RATIO_MIN))


@njit(nogil=True, cache=True)
def peer_score(peer, transaction, out):
    """Write how unusual the amount is in its peer group, a PEER record.

    That is its size, and its ratio to what is usual for the account; `out` holds that already.
    """
    log_amount = amount_log(transaction["amount"])
    count = peer["event_count"]
    out["peer_amount_z"] = log_z(
        log_amount, peer["log_amount_mean"], peer["log_amount_variance"], count
    )
    out["peer_amount_surprise"] = tail_surprise(
        log_amount, peer["amount_quantile"], peer["amount_excess"], count
    )
    if out["account_event_count"] >= USUAL_COUNT_MIN:
        out["account_amount_surprise"] = tail_surprise(
            _log_ratio(out), peer["ratio_quantile"], peer["ratio_excess"], count
        )


@njit(nogil=True, cache=True)
def peer_update(peer, transaction, features, sequence):
    """Let a peer group learn a payment, of which FEATURES are known."""
    log_amount = amount_log(transaction["amount"])
    count = peer["event_count"]
    peer["amount_quantile"], peer["amount_excess"] = tail_update(
        log_amount, peer["amount_quantile"], peer["amount_excess"], count
    )
    if features["account_event_count"] >= USUAL_COUNT_MIN:
        peer["ratio_quantile"], peer["ratio_excess"] = tail_update(
            _log_ratio(features), peer["ratio_quantile"], peer["ratio_excess"], count
        )
    mean, variance = moments_update(
        log_amount,
        peer["log_amount_mean"],
        peer["log_amount_variance"],
        count,
        PEER_MEMORY,
    )
    peer["log_amount_mean"] = mean
    peer["log_amount_variance"] = variance
    peer["event_count"] = count + 1
    peer["last_time_ns"] = max(peer["last_time_ns"], transaction["event_time_ns"])
    peer["sequence"] = sequence


@njit(nogil=True, cache=True)
def payment_account_update(account, transaction, features, sequence):
    """Let the paying account learn a payment, of which FEATURES are known."""
    now_ns = transaction["event_time_ns"]
    payee = transaction["merchant_key"]
    tag = np.uint32(payee & np.uint64(0xFFFFFFFF))
    entity_update(account, now_ns, transaction["amount"], tag, sequence)
    hours_update(account, now_ns)
    if payee != np.uint64(0):
        _remember_payee(account, payee)
    if transaction["device_key"] != np.uint64(0):
        remember_device(account, transaction["device_key"])
    if transaction["country"] != 0:
        remember_code(account["country_bits"], transaction["country"])
    if transaction["mcc"] != 0:
        remember_code(account["mcc_bits"], transaction["mcc"])
    if not math.isnan(transaction["latitude_deg"]):
        account["last_latitude_deg"] = transaction["latitude_deg"]
        account["last_longitude_deg"] = transaction["longitude_deg"]
        account["last_position_time_ns"] = now_ns
    ratio = transaction["amount"] / transaction["reporting_limit"]
    # NaN, no limit for the currency, is not near it either.
    if NEAR_LIMIT_RATIO <= ratio < 1.0:
        elapsed_ns = now_ns - account["near_limit_time_ns"]
        weight = faded(account["near_limit_weight"], elapsed_ns, NEAR_LIMIT_HALF_LIFE_NS)
        account["near_limit_weight"] = np.float32(weight + 1.0)
        account["near_limit_time_ns"] = max(account["near_limit_time_ns"], now_ns)
    surprise = features["account_amount_surprise"]
    if surprise > 0.0:
        account["large_weight"] = features["account_large_count"] + np.float32(1.0)
        account["large_surprise"] = features["account_large_surprise"] + surprise
        account["large_time_ns"] = max(account["large_time_ns"], now_ns)
