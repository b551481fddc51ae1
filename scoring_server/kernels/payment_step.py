"""One payment through its records, under their locks.

The locks are taken in one fixed order (accounts, merchants by slot, devices, peers, instruments,
markets; see trade_step.py), so they cannot deadlock, and the sequence number is taken while all
are held, so the order of the numbers is an order in which the changes really happened. A change is
undone as a whole when the worker dies in it (see undo.py).
"""

import math

import numpy as np
from numba import njit

from scoring_server.kernels.entity_features import (
    account_score,
    device_score,
    entity_update,
    merchant_score,
)
from scoring_server.kernels.fraud_days import day_update
from scoring_server.kernels.guard import guard_admit, guard_insert
from scoring_server.kernels.payment_features import (
    inflow_score,
    novelty_score,
    payment_account_update,
    peer_key,
    peer_score,
    peer_update,
    travel_score,
)
from scoring_server.kernels.records import (
    ACCOUNTS,
    DEVICES,
    MERCHANTS,
    NONE,
    PEERS,
    holds,
    lock_optional,
    optional_slot,
    take_sequence,
    unlock_optional,
)
from scoring_server.kernels.table import find, find_or_claim, lock, unlock
from scoring_server.kernels.undo import (
    SECOND_MERCHANT_PLACE,
    begin_change,
    end_change,
    keep_image,
    note_lock,
)


@njit(nogil=True, cache=True)
def _unlock_all(accounts, merchants, devices, peers, slots):
    a, low, high, d, p = slots
    unlock(peers, p)
    unlock_optional(devices, d)
    unlock_optional(merchants, high)
    unlock_optional(merchants, low)
    unlock(accounts, a)


@njit(nogil=True, cache=True)
def payment_step(
    header, accounts, merchants, devices, peers, guard, transaction, out, scratch, owner, given,
    workers, worker,
):  # fmt: skip
    """Take one payment through its records: lock, number, read, learn, unlock.

    Arguments as in block.assess_block, for one row; `given` is 0 to take a new sequence number.
    Returns the sequence, 0 when another worker has scored the id meanwhile.
    """
    account_key = transaction["account_key"]
    merchant_key = transaction["merchant_key"]
    device_key = transaction["device_key"]
    group = peer_key(transaction)
    while True:
        a = find_or_claim(accounts, account_key, owner, header, ACCOUNTS, workers, worker)
        m = optional_slot(merchants, merchant_key, owner, header, MERCHANTS, workers, worker)
        # What the paying account received; its record as a payee, if it has one.
        f = find(merchants, account_key)
        d = optional_slot(devices, device_key, owner, header, DEVICES, workers, worker)
        p = find_or_claim(peers, group, owner, header, PEERS, workers, worker)
        low, high = min(m, f), max(m, f)
        if low == high:
            low = NONE
        note_lock(workers, worker, ACCOUNTS, ACCOUNTS, a)
        note_lock(workers, worker, MERCHANTS, MERCHANTS, low)
        note_lock(workers, worker, SECOND_MERCHANT_PLACE, MERCHANTS, high)
        note_lock(workers, worker, DEVICES, DEVICES, d)
        note_lock(workers, worker, PEERS, PEERS, p)
        lock(accounts, a, owner)
        lock_optional(merchants, low, owner)
        lock_optional(merchants, high, owner)
        lock_optional(devices, d, owner)
        lock(peers, p, owner)
        valid = (
            holds(accounts, a, account_key)
            and holds(merchants, m, merchant_key)
            and holds(merchants, f, account_key)
            and holds(devices, d, device_key)
            and holds(peers, p, group)
        )
        if valid:
            break
        # Another entity took one of the records over between finding and locking it.
        _unlock_all(accounts, merchants, devices, peers, (a, low, high, d, p))
    if workers is None:
        sequence = take_sequence(header, given)
    else:
        begin_change(workers, worker)
        sequence = guard_admit(header, guard, transaction, owner, given, workers, worker)
        if sequence == np.uint64(0):
            end_change(workers, worker)
            _unlock_all(accounts, merchants, devices, peers, (a, low, high, d, p))
            return sequence
        images = 0
        keep_image(workers, worker, images, ACCOUNTS, accounts, a)
        images += 1
        if m >= 0:
            keep_image(workers, worker, images, MERCHANTS, merchants, m)
            images += 1
        if d >= 0:
            keep_image(workers, worker, images, DEVICES, devices, d)
            images += 1
        keep_image(workers, worker, images, PEERS, peers, p)
        images += 1
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
    payment_account_update(accounts[a], transaction, out, sequence)
    if m >= 0:
        entity_update(merchants[m], now_ns, amount, tag, sequence)
        day_update(merchants[m], now_ns)
    if d >= 0:
        entity_update(devices[d], now_ns, amount, tag, sequence)
    peer_update(peers[p], transaction, out, sequence)
    if workers is None:
        key, content = transaction["transaction_key"], transaction["content_key"]
        guard_insert(header, guard, key, content, sequence, workers)
    end_change(workers, worker)
    unlock(peers, p)
    unlock_optional(devices, d)
    unlock_optional(merchants, high)
    unlock_optional(merchants, low)
    unlock(accounts, a)
    return sequence
