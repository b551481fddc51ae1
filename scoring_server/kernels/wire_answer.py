"""Writes the events of a block: each transaction as it came, and the answer to it.

An event holds the whole answer, so the answer is cut out of it. The field numbers are those of
anomaly/v1/event_service.proto and scoring_service.proto.
"""

import math

import numpy as np
from numba import float64, int64, njit, types, uint8, uint64
from numba.np.numpy_support import from_dtype

from scoring_server.kernels.alert_id import write_alert_id
from scoring_server.kernels.dtypes import FEATURES, JUDGEMENT
from scoring_server.kernels.wire_reason import PART, write_reasons
from scoring_server.kernels.wire_write import (
    close_field,
    open_field,
    varint_size,
    write_bytes,
    write_double,
    write_number,
    write_present_double,
    write_varint,
)

# What an event takes beside the transaction's own bytes: eight reasons of at most 250 bytes, the id
# twice, and less than 600 bytes of all else.
EVENT_SIZE_MAX = 4_096
_BYTES = types.Array(uint8, 1, "C", readonly=True)
_JUDGEMENTS = types.Array(from_dtype(JUDGEMENT), 1, "C")
_FEATURES = types.Array(from_dtype(FEATURES), 1, "C")
_PARTS = types.Array(from_dtype(PART), 1, "C")


@njit(nogil=True, cache=True)
def _write_text(out, position, tag, data, start, stop):
    out[position] = np.uint8(tag)
    position = write_varint(out, position + 1, np.uint64(stop - start))
    return write_bytes(out, position, data, start, stop)


@njit(nogil=True, cache=True)
def _write_scores(out, position, judgement, ml):
    scores = write_double(out, open_field(position), 0x09, judgement["statistical"])
    scores = write_double(out, scores, 0x11, judgement["behavioral"])
    if not math.isnan(ml):
        scores = write_present_double(out, scores, 0x19, ml)
    return close_field(out, position, 0x2A, scores)


@njit(
    int64(
        _BYTES, int64[:, ::1], int64[::1], _FEATURES, _JUDGEMENTS, float64[::1], uint64[::1],
        _BYTES, _BYTES, _BYTES, float64, float64, _BYTES, _PARTS, int64[::1], float64[::1],
        uint64[::1], uint8[::1], int64[:, ::1],
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)  # fmt: skip
def write_events(
    data,
    spans,
    positions,
    features,
    judgements,
    ml,
    sequences,
    time,
    model,
    degraded,
    alert_threshold,
    ml_threshold,
    pool,
    parts,
    first,
    numbers,
    words,
    out,
    places,
):
    """Write the Event messages of a block, one after another; return how many bytes they take.

    Args:
        data: bytes that the transactions lie in.
        spans: where each lies; each begins with its id.
        positions: transaction i of the judgements is spans[positions[i]]; shape (n,).
        features: FEATURES records, shape (n,), like the next three.
        judgements: JUDGEMENT records.
        ml: scores of the model; NaN where it took no part.
        sequences: positions in the total order.
        time: the ingest time as a Timestamp message.
        model: the fields of an answer that name the model.
        degraded: those that say what was left out.
        alert_threshold: risk score from which an answer names an alert.
        ml_threshold: the model's own threshold.
        pool: texts of the reason program, see wire_reason.py, like the next two.
        parts: its parts.
        first: its places.
        numbers: scratch of write_reasons.
        words: scratch of write_alert_id.
        out: the events; EVENT_SIZE_MAX and twice the size of the data is enough for each.
        places: start and end of each event, and where the length before the answer's bytes begins;
            shape (n, 3). The end is -1 when the event cannot be written here.
    """
    position = np.int64(0)
    for row in range(positions.shape[0]):
        start, stop = spans[positions[row], 0], spans[positions[row], 1]
        judgement = judgements[row]
        places[row, 0] = position
        end = write_number(out, position, 0x08, sequences[row])
        end = _write_text(out, end, 0x12, time, 0, time.shape[0])
        scored = end
        end = _write_text(out, open_field(scored), 0x0A, data, start, stop)
        answer = end
        id_stop = start + 2 + np.int64(data[start + 1])
        end = write_bytes(out, open_field(answer), data, start, id_stop)
        end = write_double(out, end, 0x11, judgement["risk_score"])
        end = write_number(out, end, 0x18, np.uint64(judgement["severity"]))
        end = write_number(out, end, 0x20, np.uint64(judgement["decision"]))
        end = _write_scores(out, end, judgement, ml[row])
        end = write_reasons(
            out, end, judgement, features[row], ml[row], ml_threshold, pool, parts, first, numbers
        )
        places[row, 1] = -1
        if end < 0:
            continue
        end = write_bytes(out, end, model, 0, model.shape[0])
        if judgement["risk_score"] >= alert_threshold:
            # A text of 20 bytes that begins with "alr_".
            for index, byte in enumerate((0x4A, 20, 97, 108, 114, 95)):
                out[end + index] = np.uint8(byte)
            end = write_alert_id(out, end + 6, data, start + 2, id_stop, words)
        end = write_bytes(out, end, degraded, 0, degraded.shape[0])
        end = write_number(out, end, 0x60, sequences[row])
        end = _write_text(out, end, 0x6A, time, 0, time.shape[0])
        before = end
        end = close_field(out, answer, 0x12, end)
        # The two fields are closed from the inside out, and what they move is what lies inside.
        whole = close_field(out, scored, 0x1A, end)
        size = np.uint64(before - open_field(answer))
        places[row, 2] = whole - np.int64(size) - varint_size(size)
        places[row, 1] = whole
        position = whole
    return position
