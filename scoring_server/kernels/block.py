"""The kernels that the engine calls: a block of transactions or labels through the state."""

import numpy as np
from numba import boolean, njit, types, uint64, void
from numba.np.numpy_support import from_dtype

from scoring_server.kernels import dtypes
from scoring_server.kernels.dtypes import KIND_TRADE
from scoring_server.kernels.entity_features import DAY_NS, HOUR_NS, label_update
from scoring_server.kernels.evidence import judge
from scoring_server.kernels.fraud_days import day_label_update
from scoring_server.kernels.locks import zero_memory
from scoring_server.kernels.payment_step import payment_step
from scoring_server.kernels.records import (
    ACCOUNTS,
    DEVICES,
    MERCHANTS,
    holds,
    lock_optional,
    optional_slot,
    take_sequence,
    unlock_optional,
)
from scoring_server.kernels.table import address_of_record
from scoring_server.kernels.trade_step import trade_step
from scoring_server.kernels.undo import (
    WORKER,
    address_of_workers,
    begin_change,
    end_change,
    keep_image,
    note_lock,
    note_row,
    note_sequence,
)


def _array(dtype, dimensions=1):
    return types.Array(from_dtype(dtype), dimensions, "C")


_HEADER = _array(dtypes.HEADER)
_ENTITIES = _array(dtypes.ENTITY)
_PEERS = _array(dtypes.PEER)
_MARKETS = _array(dtypes.MARKET)
_GUARD = _array(dtypes.GUARD, 2)
_WORKERS = _array(WORKER)
_TABLES = (_HEADER, _ENTITIES, _ENTITIES, _ENTITIES, _PEERS, _ENTITIES, _MARKETS, _GUARD)


@njit(nogil=True, cache=True)
def _common_score(transaction, out):
    now_ns = transaction["event_time_ns"]
    out["amount"] = transaction["amount"]
    out["hour_of_day"] = np.float64(now_ns % DAY_NS) / HOUR_NS
    # 1970-01-01 was a Thursday; Saturday and Sunday are days 2 and 3 after it.
    weekday = (now_ns // DAY_NS) % 7
    out["is_weekend"] = 1.0 if weekday in (2, 3) else 0.0


@njit(nogil=True, cache=True, error_model="numpy")
def _assess(
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
    judgements,
    sequences,
    assign,
    owner,
    worker,
    scratch,
    workers,
):
    """Do what assess_block says; `workers` is the address of the notes, or None."""
    header[0]["busy"][worker] = np.uint64(1)
    for row in range(transactions.shape[0]):
        transaction = transactions[row]
        out = features[row]
        note_row(workers, worker, row)
        given = np.uint64(0) if assign else sequences[row]
        zero_memory(address_of_record(features, row, 0), features.itemsize)
        _common_score(transaction, out)
        if transaction["kind"] == KIND_TRADE:
            sequences[row] = trade_step(
                header, accounts, devices, instruments, markets, guard, transaction, out, owner,
                given, workers, worker,
            )  # fmt: skip
        else:
            sequences[row] = payment_step(
                header, accounts, merchants, devices, peers, guard, transaction, out, scratch,
                owner, given, workers, worker,
            )  # fmt: skip
        if assign and sequences[row] != np.uint64(0):
            judge(out, transaction, judgements[row])
    header[0]["busy"][worker] = np.uint64(0)


@njit(
    void(
        *_TABLES,
        _array(dtypes.TRANSACTION),
        _array(dtypes.FEATURES),
        _array(dtypes.JUDGEMENT),
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
    header, accounts, merchants, devices, peers, instruments, markets, guard, transactions,
    features, judgements, sequences, assign, owner, worker, scratch,
):  # fmt: skip
    """Read the features of each transaction, in order, let the state learn it, and judge it.

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
        features: shape (n,), overwritten.
        judgements: shape (n,); what `judge` writes is overwritten, but only when `assign`.
        sequences: shape (n,); written when `assign`, else the numbers to replay under.
        assign: whether to take new sequence numbers.
        owner: word that names the process, for the locks.
        worker: index of the worker process, below WORKER_COUNT_MAX; it is busy meanwhile.
        scratch: float32, shape (2, WINDOW_COUNT).

    Cost: O(1) a transaction, at most 5 records. Errors: none.
    """
    _assess(
        header, accounts, merchants, devices, peers, instruments, markets, guard, transactions,
        features, judgements, sequences, assign, owner, worker, scratch, None,
    )  # fmt: skip


@njit(
    void(
        *_TABLES,
        _array(dtypes.TRANSACTION),
        _array(dtypes.FEATURES),
        _array(dtypes.JUDGEMENT),
        uint64[::1],
        boolean,
        uint64,
        types.int64,
        types.float32[:, ::1],
        _WORKERS,
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def assess_block_shared(
    header, accounts, merchants, devices, peers, instruments, markets, guard, transactions,
    features, judgements, sequences, assign, owner, worker, scratch, workers,
):  # fmt: skip
    """Do as assess_block on a state that others share.

    Arguments as there, and WORKER records, shape (WORKER_COUNT_MAX,). Where another worker was
    first with an id, the sequence written is 0 and nothing else is changed.
    """
    _assess(
        header, accounts, merchants, devices, peers, instruments, markets, guard, transactions,
        features, judgements, sequences, assign, owner, worker, scratch,
        address_of_workers(workers),
    )  # fmt: skip


@njit(nogil=True, cache=True)
def _label_entity(records, slot, label, sequence):
    if slot >= 0:
        label_update(
            records[slot],
            label["known_time_ns"],
            label["fraud_delta"],
            label["legitimate_delta"],
        )
        records[slot]["sequence"] = sequence


@njit(nogil=True, cache=True)
def _label_step(header, accounts, merchants, devices, label, owner, given, workers, worker):
    """Take one label through its records: lock, number, learn, unlock; return its sequence."""
    account_key = label["account_key"]
    merchant_key = label["merchant_key"]
    device_key = label["device_key"]
    while True:
        a = optional_slot(accounts, account_key, owner, header, ACCOUNTS, workers, worker)
        m = optional_slot(merchants, merchant_key, owner, header, MERCHANTS, workers, worker)
        d = optional_slot(devices, device_key, owner, header, DEVICES, workers, worker)
        note_lock(workers, worker, ACCOUNTS, ACCOUNTS, a)
        note_lock(workers, worker, MERCHANTS, MERCHANTS, m)
        note_lock(workers, worker, DEVICES, DEVICES, d)
        lock_optional(accounts, a, owner)
        lock_optional(merchants, m, owner)
        lock_optional(devices, d, owner)
        valid = (
            holds(accounts, a, account_key)
            and holds(merchants, m, merchant_key)
            and holds(devices, d, device_key)
        )
        if valid:
            break
        unlock_optional(devices, d)
        unlock_optional(merchants, m)
        unlock_optional(accounts, a)
    begin_change(workers, worker)
    if workers is not None:
        images = 0
        if a >= 0:
            keep_image(workers, worker, images, ACCOUNTS, accounts, a)
            images += 1
        if m >= 0:
            keep_image(workers, worker, images, MERCHANTS, merchants, m)
            images += 1
        if d >= 0:
            keep_image(workers, worker, images, DEVICES, devices, d)
            images += 1
    sequence = take_sequence(header, given)
    note_sequence(workers, worker, sequence)
    _label_entity(accounts, a, label, sequence)
    _label_entity(merchants, m, label, sequence)
    if m >= 0:
        event_time_ns, known_time_ns = label["event_time_ns"], label["known_time_ns"]
        day_label_update(merchants[m], event_time_ns, known_time_ns, label["fraud_delta"])
    _label_entity(devices, d, label, sequence)
    end_change(workers, worker)
    unlock_optional(devices, d)
    unlock_optional(merchants, m)
    unlock_optional(accounts, a)
    return sequence


@njit(nogil=True, cache=True, error_model="numpy")
def _learn_labels(
    header, accounts, merchants, devices, labels, sequences, assign, owner, worker, workers
):
    header[0]["busy"][worker] = np.uint64(1)
    for row in range(labels.shape[0]):
        label = labels[row]
        note_row(workers, worker, row)
        given = np.uint64(0) if assign else sequences[row]
        sequences[row] = _label_step(
            header, accounts, merchants, devices, label, owner, given, workers, worker
        )
    header[0]["busy"][worker] = np.uint64(0)


_LABELS = (_array(dtypes.LABEL), uint64[::1], boolean, uint64, types.int64)


@njit(
    void(_HEADER, _ENTITIES, _ENTITIES, _ENTITIES, *_LABELS),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def label_block(header, accounts, merchants, devices, labels, sequences, assign, owner, worker):
    """Let the entities of labelled transactions learn each label, in order.

    Arguments as in assess_block; `labels` has shape (n,).
    """
    _learn_labels(
        header, accounts, merchants, devices, labels, sequences, assign, owner, worker, None
    )


@njit(
    void(_HEADER, _ENTITIES, _ENTITIES, _ENTITIES, *_LABELS, _WORKERS),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def label_block_shared(
    header, accounts, merchants, devices, labels, sequences, assign, owner, worker, workers
):
    """Do as label_block on a state that others share; arguments as in assess_block_shared."""
    notes = address_of_workers(workers)
    _learn_labels(
        header, accounts, merchants, devices, labels, sequences, assign, owner, worker, notes
    )
