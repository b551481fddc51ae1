"""Writes the Reason messages of an answer, sentences included."""

import numpy as np
from numba import njit

from scoring_server.kernels.dtypes import EVIDENCE_COUNT
from scoring_server.kernels.evidence import MODEL_SCORE
from scoring_server.kernels.tell import tell
from scoring_server.kernels.text_write import (
    rounded,
    write_clock,
    write_decimal,
    write_integer,
)
from scoring_server.kernels.wire_write import (
    close_field,
    open_field,
    write_bytes,
    write_double,
)

(
    FORM_TEXT,
    FORM_MONEY,
    FORM_GROUPED,
    FORM_WHOLE,
    FORM_TENTH,
    FORM_PERCENT,
    FORM_CLOCK,
    FORM_COUNT,
) = range(8)

# A part of a reason: a text of the pool, or a number in one of the forms. A count has its word for
# one in start..stop and the word for many in many_start..many_stop.
PART = np.dtype(
    [
        ("form", "i8"),
        ("place", "i8"),
        ("start", "i8"),
        ("stop", "i8"),
        ("many_start", "i8"),
        ("many_stop", "i8"),
    ]
)

_COUNT_END = 1e15
_REASON_TAG = 0x32
_VALUE_TAG = 0x21
_BASELINE_TAG = 0x29
_CONTRIBUTION_TAG = 0x31
_SENTENCE_TAG = 0x3A


@njit(nogil=True, cache=True)
def _write_part(out, position, part, pool, numbers):
    form = part["form"]
    if form == FORM_TEXT:
        return write_bytes(out, position, pool, part["start"], part["stop"])
    number = numbers[part["place"]]
    if form == FORM_MONEY:
        return write_decimal(out, position, number, 2, True)
    if form == FORM_GROUPED:
        return write_decimal(out, position, number, 0, True)
    if form == FORM_WHOLE:
        return write_decimal(out, position, number, 0, False)
    if form == FORM_TENTH:
        return write_decimal(out, position, number, 1, False)
    if form == FORM_CLOCK:
        return write_clock(out, position, number)
    if form == FORM_PERCENT:
        # Python multiplies first and rounds the product as it is.
        position = write_decimal(out, position, number * 100.0, 0, False)
        if position >= 0:
            out[position] = 37
            position += 1
        return position
    if not 0.0 <= number < _COUNT_END:
        return np.int64(-1)
    count = rounded(number, 1.0)
    position = write_integer(out, position, count, False)
    out[position] = 32
    if count == 1:
        return write_bytes(out, position + 1, pool, part["start"], part["stop"])
    return write_bytes(out, position + 1, pool, part["many_start"], part["many_stop"])


@njit(nogil=True, cache=True)
def write_reasons(
    out, position, judgement, features, ml, ml_threshold, pool, parts, first, numbers
):
    """Write the reasons of one transaction; return the next position.

    Args:
        out: uint8 array with room.
        position: where to begin.
        judgement: JUDGEMENT record.
        features: FEATURES record.
        ml: score of the model.
        ml_threshold: of the model.
        pool: texts of the reason program (detectors/wording.py), like the next two.
        parts: its PART records.
        first: its places of reasons in the parts.
        numbers: float64 scratch, shape (NUMBER_COUNT_MAX,).

    Returns:
        -1 when a number cannot be written here, or a reason is a user rule, whose words change.
    """
    for rank in range(judgement["reason_count"]):
        reason = np.int64(judgement["reason_index"][rank])
        if reason >= EVIDENCE_COUNT:
            return np.int64(-1)
        value, baseline = tell(reason, features, numbers)
        if reason == MODEL_SCORE:
            value, baseline = ml, ml_threshold
        begin = position
        head = parts[first[reason]]
        place = write_bytes(out, open_field(begin), pool, head["start"], head["stop"])
        place = write_double(out, place, _VALUE_TAG, value)
        place = write_double(out, place, _BASELINE_TAG, baseline)
        place = write_double(out, place, _CONTRIBUTION_TAG, judgement["reason_contribution"][rank])
        text = open_field(place)
        for index in range(first[reason] + 1, first[reason + 1]):
            text = _write_part(out, text, parts[index], pool, numbers)
            if text < 0:
                return np.int64(-1)
        place = close_field(out, place, _SENTENCE_TAG, text)
        position = close_field(out, begin, _REASON_TAG, place)
    return np.int64(position)
