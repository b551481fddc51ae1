"""From the canonical wire bytes of a Transaction to its TRANSACTION record.

The counterpart of rpc/converters.py and rpc/validation.py for what is both valid and canonical
(see wire_read.py), nearly everything; the rest is theirs. Tests hold the two equal. The field
numbers are those of anomaly/v1/transaction.proto.
"""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import KIND_PAYMENT
from scoring_server.kernels.memory import address_of, float_bits, load_float
from scoring_server.kernels.seeds import (
    SEED_ACCOUNT,
    SEED_CARD_BIN,
    SEED_CONTENT,
    SEED_DEVICE,
    SEED_IP,
    SEED_MERCHANT,
    SEED_TERMINAL,
    SEED_TRANSACTION,
)
from scoring_server.kernels.wire_read import (
    FIXED64,
    LENGTH_DELIMITED,
    VARINT,
    are_digits,
    capital_letters,
    is_id,
    is_plain_ip,
    is_text,
    read_length,
    read_varint,
)
from scoring_server.kernels.wire_row import clear_row, key_of, take_currency
from scoring_server.kernels.wire_trade import trade_row

# The bounds of rpc/validation.py.
_TIME_S_MIN = 86_400
_TIME_S_END = 7_258_118_400
_NS_PER_S = 1_000_000_000
_AMOUNT_MINOR_MAX = 10**15
_MCC_MAX = 9_999
_CHANNEL_MAX = 5
_COUNTRY_LENGTH = 2


@njit(nogil=True, cache=True)
def transaction_row(data, start, end, divisors, limits, row):
    """Write the record of a transaction; return whether it is canonical and valid.

    Args:
        data: uint8 array.
        start: where the message begins.
        end: where it ends.
        divisors: minor units in a major unit by packed currency code.
        limits: first reporting limit in major units by packed currency code; NaN without one.
        row: TRANSACTION record; its content is undefined when the answer is False.

    Cost: O(end - start), about 0.3 us.
    """
    if end - start < 2 or data[start] != 0x0A:
        return False
    text, stop = read_length(data, start + 1, end)
    if text < 0 or not is_id(data, text, stop):
        return False
    row["transaction_key"] = key_of(data, text, stop, SEED_TRANSACTION)
    if stop == end or data[stop] != 0x12:
        return False
    time, stop = read_length(data, stop + 1, end)
    if time < 0 or stop == end:
        return False
    time_ns = _time_ns(data, time, stop)
    if time_ns < 0:
        return False
    row["event_time_ns"] = time_ns
    kind = data[stop]
    details, stop = read_length(data, stop + 1, end)
    # Nothing may follow: a second kind would replace the first, and all else is unknown.
    if details < 0 or stop != end:
        return False
    if kind == 0x1A:
        good = _payment_row(data, details, stop, divisors, limits, row)
    elif kind == 0x22:
        good = trade_row(data, details, stop, row)
    else:
        good = False
    if good:
        row["content_key"] = key_of(data, start, end, SEED_CONTENT)
    return good


@njit(nogil=True, cache=True)
def _time_ns(data, position, end):
    """Return the nanoseconds of a canonical Timestamp in range, else -1."""
    if position == end or data[position] != 0x08:
        return np.int64(-1)
    seconds, position = read_varint(data, position + 1, end)
    if position < 0 or not np.uint64(_TIME_S_MIN) <= seconds < np.uint64(_TIME_S_END):
        return np.int64(-1)
    nanos = np.uint64(0)
    if position < end:
        if data[position] != 0x10:
            return np.int64(-1)
        nanos, position = read_varint(data, position + 1, end)
        if position != end or not np.uint64(0) < nanos < np.uint64(_NS_PER_S):
            return np.int64(-1)
    return np.int64(seconds) * np.int64(_NS_PER_S) + np.int64(nanos)


@njit(nogil=True, cache=True)
def _payment_row(data, position, end, divisors, limits, row):
    clear_row(row)
    row["kind"] = np.uint8(KIND_PAYMENT)
    amount_minor = np.uint64(0)
    last = np.int64(0)
    while position < end:
        tag = np.int64(data[position])
        number, wire_type = tag >> 3, tag & 7
        # A tag of two bytes has its first above 127, a number that no field has.
        if number <= last or number > 13:
            return False
        last = number
        if wire_type == VARINT:
            value, position = read_varint(data, position + 1, end)
            if position < 0 or value == np.uint64(0):
                return False
            if number == 6 and value <= np.uint64(_AMOUNT_MINOR_MAX):
                amount_minor = value
            elif number == 8 and value <= np.uint64(_CHANNEL_MAX):
                row["channel"] = np.uint8(value)
            elif number == 9 and value <= np.uint64(_MCC_MAX):
                row["mcc"] = np.uint16(value)
            else:
                return False
        elif wire_type == LENGTH_DELIMITED:
            start, position = read_length(data, position + 1, end)
            if start < 0 or not _payment_text(data, start, position, number, row):
                return False
        else:
            return False
    currency = np.int64(row["currency"])
    row["amount"] = np.float64(np.int64(amount_minor)) / divisors[currency]
    row["reporting_limit"] = limits[currency]
    return currency != 0 and row["account_key"] != np.uint64(0)


@njit(nogil=True, cache=True)
def _payment_text(data, start, stop, number, row):
    """Take in one length-delimited field of a payment; return whether it is good."""
    if number == 7:
        return take_currency(data, start, stop, row)
    if number == 10:
        row["country"] = capital_letters(data, start, stop)
        return stop - start == _COUNTRY_LENGTH and row["country"] != np.uint32(0)
    if number == 11:
        return _position(data, start, stop, row)
    if number == 12:
        row["ip_key"] = key_of(data, start, stop, SEED_IP)
        return is_plain_ip(data, start, stop)
    if number == 13:
        row["card_bin_key"] = key_of(data, start, stop, SEED_CARD_BIN)
        return (stop - start == 6 or stop - start == 8) and are_digits(data, start, stop)
    if not is_text(data, start, stop):
        return False
    if number == 1:
        row["account_key"] = key_of(data, start, stop, SEED_ACCOUNT)
    elif number == 2:
        row["merchant_key"] = key_of(data, start, stop, SEED_MERCHANT)
    elif number == 3:
        row["merchant_key"] = key_of(data, start, stop, SEED_TERMINAL)
    elif number == 4:
        row["device_key"] = key_of(data, start, stop, SEED_DEVICE)
    elif number == 5:
        row["counterparty_key"] = key_of(data, start, stop, SEED_ACCOUNT)
        if row["merchant_key"] == np.uint64(0):
            row["merchant_key"] = row["counterparty_key"]
    else:
        return False
    return True


@njit(nogil=True, cache=True)
def _position(data, position, end, row):
    row["latitude_deg"] = 0.0
    row["longitude_deg"] = 0.0
    last = np.int64(0)
    while position < end:
        tag = np.int64(data[position])
        number = tag >> 3
        if number <= last or number > 2 or tag & 7 != FIXED64 or end - position < 9:
            return False
        last = number
        value = load_float(address_of(data, position + 1))
        position += 9
        bound = 90.0 if number == 1 else 180.0
        # Minus zero is not the default and is written; NaN is inside no bounds.
        if float_bits(value) == np.uint64(0) or not -bound <= value <= bound:
            return False
        if number == 1:
            row["latitude_deg"] = value
        else:
            row["longitude_deg"] = value
    return True
