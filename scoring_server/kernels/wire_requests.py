"""From the bytes of requests to TRANSACTION records, a block at a time."""

import numpy as np
from numba import boolean, float64, int64, njit, types, uint8
from numba.np.numpy_support import from_dtype

from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.kernels.wire_read import read_length
from scoring_server.kernels.wire_transaction import transaction_row

_TRANSACTION_TAG = 0x0A
_BYTES = types.Array(uint8, 1, "C", readonly=True)
_ROWS = types.Array(from_dtype(TRANSACTION), 1, "C")
_LIMITS = float64[::1]


@njit(
    int64(_BYTES, int64[::1], int64, _LIMITS, _LIMITS, _ROWS, int64[:, ::1], boolean[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def single_rows(data, bounds, count, divisors, limits, rows, spans, good):
    """Read requests of one transaction each, ScoreRequest messages that lie one after another.

    Returns how many are good.

    Args:
        data: the requests.
        bounds: request i is data[bounds[i]:bounds[i + 1]].
        count: how many there are.
        divisors: as in transaction_row, like limits.
        limits: see divisors.
        rows: one record a request is overwritten.
        spans: where each transaction lies in the data; undefined where not good.
        good: whether the request is canonical and valid; the others are for the protobuf library.
    """
    good_count = np.int64(0)
    for row in range(count):
        end = bounds[row + 1]
        good[row] = False
        if bounds[row] == end or data[bounds[row]] != _TRANSACTION_TAG:
            continue
        start, stop = read_length(data, bounds[row] + 1, end)
        if start < 0 or stop != end:
            continue
        spans[row, 0] = start
        spans[row, 1] = stop
        good[row] = transaction_row(data, start, stop, divisors, limits, rows[row])
        good_count += np.int64(good[row])
    return good_count


@njit(
    int64(_BYTES, _LIMITS, _LIMITS, _ROWS, int64[:, ::1], boolean[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def batch_rows(data, divisors, limits, rows, spans, good):
    """Read one request of many transactions, a ScoreBatchRequest or ScoreStreamRequest.

    Returns the number of transactions; -1 when the request holds anything else, or more of them
    than there are rows. Arguments as in single_rows, one record a transaction.
    """
    position = np.int64(0)
    count = np.int64(0)
    while position < data.shape[0]:
        if count == rows.shape[0] or data[position] != _TRANSACTION_TAG:
            return np.int64(-1)
        start, stop = read_length(data, position + 1, data.shape[0])
        if start < 0:
            return np.int64(-1)
        spans[count, 0] = start
        spans[count, 1] = stop
        good[count] = transaction_row(data, start, stop, divisors, limits, rows[count])
        count += 1
        position = stop
    return count
