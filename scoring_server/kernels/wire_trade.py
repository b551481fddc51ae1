"""From the canonical wire bytes of a Trade to its TRANSACTION record (see wire_transaction.py)."""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import KIND_TRADE
from scoring_server.kernels.seeds import (
    SEED_DEVICE,
    SEED_INSTRUMENT,
    SEED_TRADING_ACCOUNT,
)
from scoring_server.kernels.wire_read import (
    LENGTH_DELIMITED,
    VARINT,
    is_text,
    read_length,
    read_varint,
)
from scoring_server.kernels.wire_row import clear_row, key_of, take_currency

# The bounds of rpc/validation.py.
_PRICE_NANOS_MAX = 9 * 10**18
_QUANTITY_MICROS_MAX = 10**18
# Below the bound on price times quantity, so that rounding cannot carry a product past it.
_VALUE_SURE = 0.99e30
_SIDE_MAX = 2
_NANOS = 1e9
_MICROS = 1e6


@njit(nogil=True, cache=True)
def trade_row(data, position, end, row):
    """Write what a Trade says; return whether it is canonical and valid, as transaction_row."""
    clear_row(row)
    row["kind"] = np.uint8(KIND_TRADE)
    last = np.int64(0)
    while position < end:
        tag = np.int64(data[position])
        number, wire_type = tag >> 3, tag & 7
        if number <= last or number > 10:
            return False
        last = number
        if wire_type == VARINT:
            value, position = read_varint(data, position + 1, end)
            if position < 0 or value == np.uint64(0):
                return False
            if number == 3 and value <= np.uint64(_SIDE_MAX):
                row["side"] = np.uint8(value)
            elif number == 4 and value <= np.uint64(_PRICE_NANOS_MAX):
                row["price"] = np.float64(np.int64(value)) / _NANOS
            elif number == 5 and value <= np.uint64(_QUANTITY_MICROS_MAX):
                row["quantity"] = np.float64(np.int64(value)) / _MICROS
            else:
                return False
        elif wire_type == LENGTH_DELIMITED:
            start, position = read_length(data, position + 1, end)
            if start < 0 or not _trade_text(data, start, position, number, row):
                return False
        else:
            return False
    if row["owner_key"] == np.uint64(0):
        row["owner_key"] = row["account_key"]
    row["amount"] = row["price"] * row["quantity"]
    given = row["account_key"] != np.uint64(0) and row["instrument_key"] != np.uint64(0)
    numbers = row["side"] > 0 and row["price"] > 0.0 and row["quantity"] > 0.0
    sure = row["amount"] <= _VALUE_SURE / (_NANOS * _MICROS)
    return given and numbers and sure and row["currency"] != np.uint32(0)


@njit(nogil=True, cache=True)
def _trade_text(data, start, stop, number, row):
    """Take in one length-delimited field of a trade; return whether it is good."""
    if number == 6:
        return take_currency(data, start, stop, row)
    if not is_text(data, start, stop):
        return False
    if number == 1:
        row["account_key"] = key_of(data, start, stop, SEED_TRADING_ACCOUNT)
    elif number == 2:
        row["instrument_key"] = key_of(data, start, stop, SEED_INSTRUMENT)
    elif number == 9:
        row["owner_key"] = key_of(data, start, stop, SEED_TRADING_ACCOUNT)
    elif number == 10:
        row["device_key"] = key_of(data, start, stop, SEED_DEVICE)
    else:
        return number == 7 or number == 8
    return True
