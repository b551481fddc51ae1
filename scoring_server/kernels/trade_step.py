"""One trade through its records, under their locks; the order of locks is that of payments."""

import numpy as np
from numba import njit

from scoring_server.kernels.entity_features import (
    account_score,
    age_days,
    device_score,
    entity_update,
    hour_rate_surprise,
    hours_update,
)
from scoring_server.kernels.guard import guard_admit, guard_insert
from scoring_server.kernels.payment_features import device_known, remember_device
from scoring_server.kernels.records import (
    ACCOUNTS,
    DEVICES,
    INSTRUMENTS,
    MARKETS,
    holds,
    lock_optional,
    optional_slot,
    take_sequence,
    unlock_optional,
)
from scoring_server.kernels.table import find_or_claim, lock, unlock
from scoring_server.kernels.trade_features import market_score, market_update, ownership_score
from scoring_server.kernels.undo import begin_change, end_change, keep_image, note_lock
from scoring_server.kernels.windows import windows_score


@njit(nogil=True, cache=True)
def _unlock_all(accounts, devices, instruments, markets, slots):
    a, d, i, k = slots
    unlock(markets, k)
    unlock(instruments, i)
    unlock_optional(devices, d)
    unlock(accounts, a)


@njit(nogil=True, cache=True)
def _instrument_score(instrument, transaction, out):
    now_ns = transaction["event_time_ns"]
    windows_score(instrument, now_ns, out["instrument_tx_count"], out["instrument_amount_sum"])
    age = age_days(instrument, now_ns)
    out["instrument_rate_surprise"] = hour_rate_surprise(out["instrument_tx_count"], age)


@njit(nogil=True, cache=True)
def trade_step(
    header, accounts, devices, instruments, markets, guard, transaction, out, owner, given,
    workers, worker,
):  # fmt: skip
    """Take one trade through its records: lock, number, read, learn, unlock.

    Arguments as in block.assess_block, for one row; `given` is 0 to take a new sequence number.
    Returns the sequence, 0 when another worker has scored the id meanwhile.
    """
    account_key = transaction["account_key"]
    device_key = transaction["device_key"]
    instrument_key = transaction["instrument_key"]
    while True:
        a = find_or_claim(accounts, account_key, owner, header, ACCOUNTS, workers, worker)
        d = optional_slot(devices, device_key, owner, header, DEVICES, workers, worker)
        i = find_or_claim(instruments, instrument_key, owner, header, INSTRUMENTS, workers, worker)
        k = find_or_claim(markets, instrument_key, owner, header, MARKETS, workers, worker)
        note_lock(workers, worker, ACCOUNTS, ACCOUNTS, a)
        note_lock(workers, worker, DEVICES, DEVICES, d)
        note_lock(workers, worker, INSTRUMENTS, INSTRUMENTS, i)
        note_lock(workers, worker, MARKETS, MARKETS, k)
        lock(accounts, a, owner)
        lock_optional(devices, d, owner)
        lock(instruments, i, owner)
        lock(markets, k, owner)
        valid = (
            holds(accounts, a, account_key)
            and holds(devices, d, device_key)
            and holds(instruments, i, instrument_key)
            and holds(markets, k, instrument_key)
        )
        if valid:
            break
        _unlock_all(accounts, devices, instruments, markets, (a, d, i, k))
    if workers is None:
        sequence = take_sequence(header, given)
    else:
        begin_change(workers, worker)
        sequence = guard_admit(header, guard, transaction, owner, given, workers, worker)
        if sequence == np.uint64(0):
            end_change(workers, worker)
            _unlock_all(accounts, devices, instruments, markets, (a, d, i, k))
            return sequence
        images = 0
        keep_image(workers, worker, images, ACCOUNTS, accounts, a)
        images += 1
        if d >= 0:
            keep_image(workers, worker, images, DEVICES, devices, d)
            images += 1
        keep_image(workers, worker, images, INSTRUMENTS, instruments, i)
        images += 1
        keep_image(workers, worker, images, MARKETS, markets, k)
        images += 1
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
    if workers is None:
        key, content = transaction["transaction_key"], transaction["content_key"]
        guard_insert(header, guard, key, content, sequence, workers)
    end_change(workers, worker)
    unlock(markets, k)
    unlock(instruments, i)
    unlock_optional(devices, d)
    unlock(accounts, a)
    return sequence
