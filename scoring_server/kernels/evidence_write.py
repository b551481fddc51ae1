"""Writes what decisions were made from into bytes, as the journal keeps them.

Most features of a transaction are 0, so a mask says which are not, and only those follow.
"""

from numba import int64, njit, uint8

from scoring_server.kernels.dtypes import FEATURE_COUNT

_WORD = 4
_ML_SIZE = 8


def mask_size(feature_count: int) -> int:
    """Return the bytes of a mask of so many features."""
    return (feature_count + 7) // 8


MASK_SIZE = mask_size(FEATURE_COUNT)


@njit(
    int64(int64, uint8[::1], uint8[::1], uint8[::1], uint8[::1], int64[::1]),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def write_evidence(n, features, ml, context, out, ends):
    """Write context, model score, mask and the features that are not 0 of each transaction.

    The arrays have one dimension, because to give a caller's array two costs half a microsecond.

    Args:
        n: transactions.
        features: bytes of FEATURES records, shape (n * 4 * FEATURE_COUNT,).
        ml: bytes of the model's scores, shape (n * 8,).
        context: what is the same for all; shape (any,).
        out: room for n times everything.
        ends: where each ends in `out`, shape (n or more,); written.

    Returns:
        Bytes written.
    """
    place = 0
    for row in range(n):
        for index in range(context.shape[0]):
            out[place + index] = context[index]
        place += context.shape[0]
        for index in range(_ML_SIZE):
            out[place + index] = ml[row * _ML_SIZE + index]
        place += _ML_SIZE
        mask = place
        for index in range(MASK_SIZE):
            out[mask + index] = 0
        place += MASK_SIZE
        for feature in range(FEATURE_COUNT):
            first = (row * FEATURE_COUNT + feature) * _WORD
            whole = (
                features[first] | features[first + 1] | features[first + 2] | features[first + 3]
            )
            if whole != 0:
                out[mask + (feature >> 3)] |= 1 << (feature & 7)
                for index in range(_WORD):
                    out[place + index] = features[first + index]
                place += _WORD
        ends[row] = place
    return place
