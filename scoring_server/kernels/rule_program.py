"""User rules as one program that one kernel interprets, so that nothing is compiled while serving.

A condition becomes comparisons that jump, so that most rules end at their first comparison. The
operands are registers: the fields of the transaction, the features that rules read, constants, and
room for what is computed. Programs are made by scoring_server/rules/program.py, which checks all.
"""

import math

import numpy as np
from numba import njit

# The first registers.
FIELDS = (
    "amount",
    "price",
    "quantity",
    "latitude_deg",
    "longitude_deg",
    "mcc",
    "currency",
    "country",
    "channel",
    "side",
    "kind",
)
FIELD_COUNT = len(FIELDS)
# Places of keys in a comparison of keys.
KEY_FIELDS = (
    "account_key",
    "merchant_key",
    "counterparty_key",
    "device_key",
    "ip_key",
    "card_bin_key",
    "instrument_key",
    "owner_key",
)
(
    OP_END,
    OP_HIT,
    # Jump when it holds, and when it does not, which is another thing where a number is NaN.
    OP_IF_LESS,
    OP_UNLESS_LESS,
    OP_IF_LESS_EQUAL,
    OP_UNLESS_LESS_EQUAL,
    OP_IF_EQUAL,
    OP_UNLESS_EQUAL,
    OP_IF_KEY,
    OP_UNLESS_KEY,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_MIN,
    OP_MAX,
    OP_NEGATE,
    OP_ABS,
    OP_LOG10,
    OP_SQRT,
) = range(20)
# One entry of the table of listed ids: open addressing by the key, key 0 is free.
LISTED = np.dtype([("key", "u8"), ("until_ns", "i8"), ("rule", "i4"), ("field", "i4")], align=True)


@njit(nogil=True, cache=True)
def _key(transaction, place):
    if place == 0:
        return transaction["account_key"]
    if place == 1:
        return transaction["merchant_key"]
    if place == 2:
        return transaction["counterparty_key"]
    if place == 3:
        return transaction["device_key"]
    if place == 4:
        return transaction["ip_key"]
    if place == 5:
        return transaction["card_bin_key"]
    if place == 6:
        return transaction["instrument_key"]
    return transaction["owner_key"]


@njit(nogil=True, cache=True)
def load_fields(transaction, registers):
    """Write the fields of a transaction to the first registers."""
    registers[0] = transaction["amount"]
    registers[1] = transaction["price"]
    registers[2] = transaction["quantity"]
    registers[3] = transaction["latitude_deg"]
    registers[4] = transaction["longitude_deg"]
    registers[5] = transaction["mcc"]
    registers[6] = transaction["currency"]
    registers[7] = transaction["country"]
    registers[8] = transaction["channel"]
    registers[9] = transaction["side"]
    registers[10] = transaction["kind"]


@njit(nogil=True, cache=True, error_model="numpy")
def _compute(op, left, right):
    if op == OP_ADD:
        return left + right
    if op == OP_SUBTRACT:
        return left - right
    if op == OP_MULTIPLY:
        return left * right
    if op == OP_DIVIDE:
        return left / right
    if op == OP_MIN:
        return min(left, right)
    if op == OP_MAX:
        return max(left, right)
    if op == OP_NEGATE:
        return -left
    if op == OP_ABS:
        return abs(left)
    if op == OP_LOG10:
        if left > 0.0:
            return math.log10(left)
        return -np.inf if left == 0.0 else np.nan
    return math.sqrt(left) if left >= 0.0 else np.nan


@njit(nogil=True, cache=True, error_model="numpy")
def run_program(program, registers, keys, transaction, hits):
    """Run a program for one transaction; write the rules it hits and return how many."""
    count = 0
    place = 0
    while True:
        op = program[place, 0]
        left = program[place, 1]
        right = program[place, 2]
        target = program[place, 3]
        place += 1
        if op == OP_UNLESS_LESS:
            if not registers[left] < registers[right]:
                place = target
        elif op == OP_UNLESS_LESS_EQUAL:
            if not registers[left] <= registers[right]:
                place = target
        elif op == OP_IF_LESS:
            if registers[left] < registers[right]:
                place = target
        elif op == OP_IF_LESS_EQUAL:
            if registers[left] <= registers[right]:
                place = target
        elif op == OP_IF_EQUAL:
            if registers[left] == registers[right]:
                place = target
        elif op == OP_UNLESS_EQUAL:
            if registers[left] != registers[right]:
                place = target
        elif op == OP_HIT:
            hits[count] = left
            count += 1
        elif op == OP_END:
            return count
        elif op == OP_IF_KEY:
            if _key(transaction, left) == keys[right]:
                place = target
        elif op == OP_UNLESS_KEY:
            if _key(transaction, left) != keys[right]:
                place = target
        else:
            registers[target] = _compute(op, registers[left], registers[right])


@njit(nogil=True, cache=True)
def _find(listed, key, field, now_ns, hits, count):
    """Add the lists that hold a key of a field, not expired, each once."""
    mask = np.uint64(listed.shape[0] - 1)
    place = key & mask
    while listed[place]["key"] != np.uint64(0):
        entry = listed[place]
        if entry["key"] == key and entry["field"] == field and now_ns < entry["until_ns"]:
            rule = entry["rule"]
            known = False
            for index in range(count):
                if hits[index] == rule:
                    known = True
            if not known:
                hits[count] = rule
                count += 1
        place = (place + np.uint64(1)) & mask
    return count


@njit(nogil=True, cache=True)
def look_up(listed, transaction, hits, count):
    """Add the lists that hold an entity of a transaction to the hits; return how many there are."""
    now_ns = transaction["event_time_ns"]
    for field in range(8):
        key = _key(transaction, field)
        if key != np.uint64(0):
            count = _find(listed, key, field, now_ns, hits, count)
    return count
