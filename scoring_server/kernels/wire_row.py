"""What payments and trades share on their way from the wire into a TRANSACTION record."""

import math

import numpy as np
from numba import njit

from scoring_server.kernels.hashing import hash_bytes
from scoring_server.kernels.wire_read import capital_letters

_CURRENCY_LENGTH = 3


@njit(nogil=True, cache=True)
def key_of(data, start, stop, seed):
    """Return the key of an id that is not empty, as state/keys.py does."""
    key = hash_bytes(data, start, stop, np.uint64(seed))
    return key if key != np.uint64(0) else np.uint64(1)


@njit(nogil=True, cache=True)
def clear_row(row):
    """Write what stands for "not given" into the fields that a message may leave out."""
    row["account_key"] = np.uint64(0)
    row["merchant_key"] = np.uint64(0)
    row["device_key"] = np.uint64(0)
    row["counterparty_key"] = np.uint64(0)
    row["instrument_key"] = np.uint64(0)
    row["owner_key"] = np.uint64(0)
    row["ip_key"] = np.uint64(0)
    row["card_bin_key"] = np.uint64(0)
    row["amount"] = 0.0
    row["price"] = 0.0
    row["quantity"] = 0.0
    row["latitude_deg"] = math.nan
    row["longitude_deg"] = math.nan
    row["reporting_limit"] = math.nan
    row["currency"] = np.uint32(0)
    row["country"] = np.uint32(0)
    row["mcc"] = np.uint16(0)
    row["channel"] = np.uint8(0)
    row["side"] = np.uint8(0)
    for place in range(3):
        row["reserved"][place] = np.uint8(0)


@njit(nogil=True, cache=True)
def take_currency(data, start, stop, row):
    """Take a currency code in; return whether it is one."""
    row["currency"] = capital_letters(data, start, stop)
    return stop - start == _CURRENCY_LENGTH and row["currency"] != np.uint32(0)
