"""The kernels that the engine calls: a block of transactions or labels through the state.

For each transaction all its records are locked in one fixed order (accounts, merchants by slot,
devices, peers, instruments, markets), a sequence number is taken, the features are read, then the
records learn the transaction, then the locks are freed. No order of the locks can deadlock, and
the order of the sequence numbers is an order in which the changes really happened.
"""

import math

import numpy as np
from numba import boolean, njit, types, uint64, void
from numba.np.numpy_support import from_dtype

from scoring_server.kernels import dtypes
from scoring_server.kernels.dtypes import KIND_TRADE
from scoring_server.kernels.entity_features import (
    DAY_NS,
    HOUR_NS,
    account_score,
    age_days,
    device_score,
    entity_update,
    hour_rate_surprise,
    hours_update,
    label_update,
    merchant_score,
)
from scoring_server.kernels.guard import guard_insert
from scoring_server.kernels.locks import fetch_add
from scoring_server.kernels.payment_features import (
    device_known,
    inflow_score,
    novelty_score,
    payment_account_update,
    peer_key,
    peer_score,
    peer_update,
    remember_device,
    travel_score,
)
from scoring_server.kernels.table import find, find_or_claim, lock, unlock
from scoring_server.kernels.trade_features import market_score, market_update, ownership_score
from scoring_server.kernels.windows import windows_score

ACCOUNTS, MERCHANTS, DEVICES, PEERS, INSTRUMENTS, MARKETS = range(6)
SEQUENCE_OFFSET = int(dtypes.HEADER.fields["sequence"][1])
NONE = np.int64(-1)


def _array(dtype, dimensions=1):
    return types.Array(from_dtype(dtype), dimensions, "C")


_HEADER = _array(dtypes.HEADER)
_ENTITIES = _array(dtypes.ENTITY)
_PEERS = _array(dtypes.PEER)
_MARKETS = _array(dtypes.MARKET)
_GUARD = _array(dtypes.GUARD, 2)
_TABLES = (_HEADER, _ENTITIES, _ENTITIES, _ENTITIES, _PEERS, _ENTITIES, _MARKETS, _GUARD)


@njit(nogil=True, cache=True)
def take_sequence(header, given):
    """Return the next sequence number, or raise the counter to a `given` one when replaying."""
    if given != np.uint64(0):
        header[0]["sequence"] = max(header[0]["sequence"], given)
        return given
    address = np.uintp(header.ctypes.data) + np.uintp(SEQUENCE_OFFSET)
    return fetch_add(address, np.uint64(1)) + np.uint64(1)


@njit(nogil=True, cache=True)
def _optional_slot(records, key, owner, header, table):
    if key == np.uint64(0):
        return NONE
    return find_or_claim(records, key, owner, header, table)


@njit(nogil=True, cache=True)
def _lock_optional(records, slot, owner):
    if slot >= 0:
        lock(records, slot, owner)


@njit(nogil=True, cache=True)
def _unlock_optional(records, slot):
    if slot >= 0:
        unlock(records, slot)


@njit(nogil=True, cache=True)
def _holds(records, slot, key):
    return slot < 0 or records[slot]["key"] == key


@njit(nogil=True, cache=True)
def _common_score(transaction, out):
    now_ns = transaction["event_time_ns"]
    out["amount"] = transaction["amount"]
    out["hour_of_day"] = np.float64(now_ns % DAY_NS) / HOUR_NS
    # 1970-01-01 was a Thursday; Saturday and Sunday are days 2 and 3 after it.
    weekday = (now_ns // DAY_NS) % 7
    out["is_weekend"] = 1.0 if weekday in (2, 3) else 0.0


@njit(nogil=True, cache=True)
def _payment(
    header, accounts, merchants, devices, peers, guard, transaction, out, scratch, owner, given
):
    account_key = transaction["account_key"]
    merchant_key = transaction["merchant_key"]
    device_key = transaction["device_key"]
    group = peer_key(transaction)
    while True:
        a = find_or_claim(accounts, account_key, owner, header, ACCOUNTS)
        m = _optional_slot(merchants, merchant_key, owner, header, MERCHANTS)
        # What the paying account received; its record as a payee, if it has one.
        f = find(merchants, account_key)
        d = _optional_slot(devices, device_key, owner, header, DEVICES)
        p = find_or_claim(peers, group, owner, header, PEERS)
        low, high = min(m, f), max(m, f)
        if low == high:
            low = NONE
        lock(accounts, a, owner)
        _lock_optional(merchants, low, owner)
        _lock_optional(merchants, high, owner)
        _lock_optional(devices, d, owner)
        lock(peers, p, owner)
        valid = (
            _holds(accounts, a, account_key)
            and _holds(merchants, m, merchant_key)
            and _holds(merchants, f, account_key)
            and _holds(devices, d, device_key)
            and _holds(peers, p, group)
        )
        if valid:
            break
        # Another entity took one of the records over between finding and locking it.
        unlock(peers, p)
        _unlock_optional(devices, d)
        _unlock_optional(merchants, high)
        _unlock_optional(merchants, low)
        unlock(accounts, a)
    sequence = take_sequence(header, given)
    now_ns = transaction["event_time_ns"]
    amount = transaction["amount"]
    tag = np.uint32(account_key & np.uint64(0xFFFFFFFF))
    account_score(accounts[a], transaction, out)
    novelty_score(accounts[a], transaction, out)
    travel_score(accounts[a], transaction, out)
    limit_ratio = amount / transaction["reporting_limit"]
    out["reporting_limit_ratio"] = 0.0 if math.isnan(limit_ratio) else limit_ratio
    if f >= 0:
        inflow_score(merchants[f], transaction, scratch, out)
    if m >= 0:
        merchant_score(merchants[m], transaction, out)
    if d >= 0:
        device_score(devices[d], transaction, out)
    peer_score(peers[p], transaction, out)
    payment_account_update(accounts[a], transaction, sequence)
    if m >= 0:
        entity_update(merchants[m], now_ns, amount, tag, sequence)
    if d >= 0:
        entity_update(devices[d], now_ns, amount, tag, sequence)
    peer_update(peers[p], transaction, sequence)
    content = transaction["content_key"]
    guard_insert(header, guard, transaction["transaction_key"], content, sequence)
    unlock(peers, p)
    _unlock_optional(devices, d)
    _unlock_optional(merchants, high)
    _unlock_optional(merchants, low)
    unlock(accounts, a)
    return sequence


@njit(nogil=True, cache=True)
def _instrument_score(instrument, transaction, out):
    now_ns = transaction["event_time_ns"]
    windows_score(instrument, now_ns, out["instrument_tx_count"], out["instrument_amount_sum"])
    age = age_days(instrument, now_ns)
    out["instrument_rate_surprise"] = hour_rate_surprise(out["instrument_tx_count"], age)


@njit(nogil=True, cache=True)
def _trade(header, accounts, devices, instruments, markets, guard, transaction, out, owner, given):
    account_key = transaction["account_key"]
    device_key = transaction["device_key"]
    instrument_key = transaction["instrument_key"]
    while True:
        a = find_or_claim(accounts, account_key, owner, header, ACCOUNTS)
        d = _optional_slot(devices, device_key, owner, header, DEVICES)
        i = find_or_claim(instruments, instrument_key, owner, header, INSTRUMENTS)
        k = find_or_claim(markets, instrument_key, owner, header, MARKETS)
        lock(accounts, a, owner)
        _lock_optional(devices, d, owner)
        lock(instruments, i, owner)
        lock(markets, k, owner)
        valid = (
            _holds(accounts, a, account_key)
            and _holds(devices, d, device_key)
            and _holds(instruments, i, instrument_key)
            and _holds(markets, k, instrument_key)
        )
        if valid:
            break
        unlock(markets, k)
        unlock(instruments, i)
        _unlock_optional(devices, d)
        unlock(accounts, a)
    sequence = take_sequence(header, given)
    now_ns = transaction["event_time_ns"]
    account_tag = np.uint32(account_key & np.uint64(0xFFFFFFFF))
    account_score(accounts[a], transaction, out)
    if device_key != np.uint64(0):
        out["account_new_device"] = 0.0 if device_known(accounts[a], device_key) else 1.0
    if d >= 0:
        device_score(devices[d], transaction, out)
    _instrument_score(instruments[i], transaction, out)
    market_score(markets[k], transaction, out)
    ownership_score(markets[k], transaction, out)
    tag = np.uint32(instrument_key & np.uint64(0xFFFFFFFF))
    entity_update(accounts[a], now_ns, transaction["amount"], tag, sequence)
    hours_update(accounts[a], now_ns)
    if d >= 0:
        remember_device(accounts[a], device_key)
        entity_update(devices[d], now_ns, transaction["amount"], account_tag, sequence)
    entity_update(instruments[i], now_ns, transaction["quantity"], account_tag, sequence)
    market_update(markets[k], transaction, sequence)
    content = transaction["content_key"]
    guard_insert(header, guard, transaction["transaction_key"], content, sequence)
    unlock(markets, k)
    unlock(instruments, i)
    _unlock_optional(devices, d)
    unlock(accounts, a)
    return sequence


@njit(
    void(
        *_TABLES,
        _array(dtypes.TRANSACTION),
        _array(dtypes.FEATURES),
        uint64[::1],
        boolean,
        uint64,
        types.int64,
        types.float32[:, ::1],
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def assess_block(
    header,
    accounts,
    merchants,
    devices,
    peers,
    instruments,
    markets,
    guard,
    transactions,
    features,
    sequences,
    assign,
    owner,
    worker,
    scratch,
):
    """Read the features of each transaction, in order, and let the state learn it.

    Args:
        header: HEADER record, shape (1,).
        accounts: ENTITY table, like merchants, devices and instruments.
        merchants: of payees.
        devices: of devices.
        peers: PEER table.
        instruments: of instruments.
        markets: MARKET table.
        guard: GUARD tables, shape (2, capacity); every transaction is remembered.
        transactions: shape (n,), checked at the edge, none of them known to the guard.
        features: shape (n,), zeros on entry.
        sequences: shape (n,); written when `assign`, else the numbers to replay under.
        assign: whether to take new sequence numbers.
        owner: process id for the locks.
        worker: index of the worker process, below WORKER_COUNT_MAX; it is busy meanwhile.
        scratch: float32, shape (2, WINDOW_COUNT).

    Cost: O(1) a transaction, at most 5 records. Errors: none.
    """
    header[0]["busy"][worker] = np.uint64(1)
    for row in range(transactions.shape[0]):
        transaction = transactions[row]
        out = features[row]
        given = np.uint64(0) if assign else sequences[row]
        _common_score(transaction, out)
        if transaction["kind"] == KIND_TRADE:
            sequences[row] = _trade(
                header, accounts, devices, instruments, markets, guard, transaction, out, owner,
                given,
            )  # fmt: skip
        else:
            sequences[row] = _payment(
                header, accounts, merchants, devices, peers, guard, transaction, out, scratch,
                owner, given,
            )  # fmt: skip
    header[0]["busy"][worker] = np.uint64(0)


@njit(nogil=True, cache=True)
def _label_entity(header, records, key, label, sequence, owner, table):
    if key == np.uint64(0):
        return
    while True:
        slot = find_or_claim(records, key, owner, header, table)
        lock(records, slot, owner)
        valid = records[slot]["key"] == key
        if valid:
            label_update(
                records[slot],
                label["known_time_ns"],
                label["fraud_delta"],
                label["legitimate_delta"],
            )
            records[slot]["sequence"] = sequence
        unlock(records, slot)
        if valid:
            return


@njit(
    void(
        _HEADER,
        _ENTITIES,
        _ENTITIES,
        _ENTITIES,
        _array(dtypes.LABEL),
        uint64[::1],
        boolean,
        uint64,
        types.int64,
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def label_block(header, accounts, merchants, devices, labels, sequences, assign, owner, worker):
    """Let the entities of labelled transactions learn each label, in order.

    Arguments as in assess_block; `labels` has shape (n,).
    """
    header[0]["busy"][worker] = np.uint64(1)
    for row in range(labels.shape[0]):
        label = labels[row]
        given = np.uint64(0) if assign else sequences[row]
        sequence = take_sequence(header, given)
        sequences[row] = sequence
        _label_entity(header, accounts, label["account_key"], label, sequence, owner, ACCOUNTS)
        _label_entity(header, merchants, label["merchant_key"], label, sequence, owner, MERCHANTS)
        _label_entity(header, devices, label["device_key"], label, sequence, owner, DEVICES)
    header[0]["busy"][worker] = np.uint64(0)
