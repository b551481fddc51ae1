"""Between the bytes of requests and answers and the arrays of the engine, a whole block at a time.

What is usual is read and written by kernels; the rest, such as an invalid or oddly encoded
transaction, by the protobuf library in converters.py, with the same outcome. Tests hold both equal.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from anomaly.v1 import scoring_service_pb2
from anomaly.v1.transaction_pb2 import Transaction
from numpy.typing import NDArray

from scoring_server.currencies import DEFAULT_REPORTING_LIMITS, EXPONENTS
from scoring_server.detectors.reasons import ReasonKind
from scoring_server.detectors.wording import reason_program
from scoring_server.engine.assessment import Assessment
from scoring_server.inference.onnx_model import ModelIdentity
from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.kernels.tell import NUMBER_COUNT_MAX
from scoring_server.kernels.wire_answer import EVENT_SIZE_MAX, write_events
from scoring_server.kernels.wire_requests import batch_rows, single_rows
from scoring_server.rpc import wire
from scoring_server.rpc.converters import score_result, scored_event, timestamp
from scoring_server.rpc.validation import TRANSACTIONS_MAX
from scoring_server.state import keys

# Numba's own stubs know nothing of a compiled kernel's arguments.
_single_rows: Callable[..., int] = single_rows
_batch_rows: Callable[..., int] = batch_rows
_write_events: Callable[..., int] = write_events

_CURRENCY_COUNT = 27**3
_MINOR_UNITS = 100.0
# No valid transaction is shorter.
_TRANSACTION_SIZE_MIN = 24
_RESULT = wire.tag(1)


@dataclass(frozen=True, slots=True)
class Requests:
    """Transactions of a block as they were read; row i is transaction i.

    Attributes:
        data: bytes that the transactions lie in.
        spans: where each lies, (n, 2).
        rows: TRANSACTION records, (n,).
        good: whether each was read; the spans and rows of the others mean nothing.
        all_good: whether all were.
    """

    data: bytes
    spans: NDArray[np.int64]
    rows: NDArray[Any]
    good: NDArray[np.bool_]
    all_good: bool

    def content(self, position: int) -> bytes:
        """Return the bytes of one transaction."""
        start, stop = self.spans[position].tolist()
        return self.data[start:stop]

    def with_slow(self, slow: Mapping[int, tuple[bytes, NDArray[Any]]]) -> "Requests":
        """Return the block with content and record of transactions that were read elsewhere."""
        parts = [self.data]
        end = len(self.data)
        spans, rows, good = self.spans.copy(), self.rows.copy(), self.good.copy()
        for position, (content, row) in slow.items():
            spans[position] = end, end + len(content)
            rows[position] = row
            good[position] = True
            parts.append(content)
            end += len(content)
        return Requests(b"".join(parts), spans, rows, good, bool(good.all()))


class RequestReader:
    """Reads requests; threads may share it.

    Args:
        reporting_limits: amount in major units by currency.
    """

    def __init__(self, reporting_limits: Mapping[str, float] = DEFAULT_REPORTING_LIMITS) -> None:
        self._divisors = np.full(_CURRENCY_COUNT, _MINOR_UNITS)
        for currency, exponent in EXPONENTS.items():
            self._divisors[keys.pack_letters(currency)] = 10.0**exponent
        self._limits = np.full(_CURRENCY_COUNT, np.nan)
        for currency, limit in reporting_limits.items():
            self._limits[keys.pack_letters(currency)] = limit

    def read_single(self, requests: Sequence[bytes]) -> Requests:
        """Read ScoreRequest messages."""
        n = len(requests)
        data = requests[0] if n == 1 else b"".join(requests)
        bounds = np.array([*accumulate(map(len, requests), initial=0)])
        spans, rows, good = _room(n)
        good_count = _single_rows(
            np.frombuffer(data, np.uint8), bounds, n, self._divisors, self._limits,
            rows, spans, good,
        )  # fmt: skip
        return Requests(data, spans, rows, good, good_count == n)

    def read_batch(self, request: bytes) -> Requests | None:
        """Read a ScoreBatchRequest or ScoreStreamRequest; None leaves it to the library."""
        spans, rows, good = _room(min(TRANSACTIONS_MAX, len(request) // _TRANSACTION_SIZE_MIN))
        n = _batch_rows(
            np.frombuffer(request, np.uint8), self._divisors, self._limits, rows, spans, good
        )
        if n <= 0:
            return None
        spans, rows, good = spans[:n], rows[:n], good[:n]
        return Requests(request, spans, rows, good, bool(good.all()))

    @staticmethod
    def unread(n: int) -> Requests:
        """Return a block of transactions none of which was read."""
        spans, rows, good = _room(n)
        good[:] = False
        return Requests(b"", spans, rows, good, all_good=False)


class EventWriter:
    """Writes events and the answers in them; threads may share it, one at a time writes.

    Args:
        alert_threshold: risk score from which an answer names an alert.
    """

    def __init__(self, alert_threshold: float) -> None:
        self._alert_threshold = alert_threshold
        program = reason_program(_head)
        self._program = (program.pool, program.parts, program.first)
        self._numbers = np.zeros(NUMBER_COUNT_MAX)
        self._words = np.zeros(32, np.uint64)
        self._out = np.zeros(0, np.uint8)
        self._places = np.zeros((0, 3), np.int64)
        self._lock = threading.Lock()
        self._model: ModelIdentity | None = None
        self._model_fields = _model_fields(None)
        self._degraded: dict[tuple[str, ...], NDArray[np.uint8]] = {}

    def write(
        self,
        requests: Requests,
        positions: Sequence[int],
        assessment: Assessment,
        ingest_time_ns: int,
    ) -> tuple[list[bytes], list[bytes]]:
        """Return the Event messages of transactions, and the ScoreResponse messages to them.

        Args:
            requests: what they were read from.
            positions: transaction i of the assessment is requests' positions[i].
            assessment: of the transactions.
            ingest_time_ns: when they were taken in.
        """
        n = len(positions)
        data = np.frombuffer(requests.data, np.uint8)
        time = np.frombuffer(timestamp(ingest_time_ns).SerializeToString(), np.uint8)
        model = assessment.model
        with self._lock:
            self._make_room(n, len(data))
            size = _write_events(
                data,
                requests.spans,
                np.array(positions),
                assessment.records,
                assessment.judgements,
                assessment.ml,
                assessment.sequences,
                time,
                self._fields_of(model),
                self._fields_without(assessment.degraded_reasons),
                self._alert_threshold,
                model.threshold if model else 0.0,
                *self._program,
                self._numbers,
                self._words,
                self._out,
                self._places,
            )
            written = self._out[:size].tobytes()
            places = self._places[:n].tolist()
        events, answers = [], []
        for row, (start, end, answer) in enumerate(places):
            if end < 0:
                event, response = self._slow(
                    requests.content(positions[row]), assessment, row, ingest_time_ns
                )
                events.append(event)
                answers.append(response)
            else:
                events.append(written[start:end])
                answers.append(_RESULT + written[answer:end])
        return events, answers

    def _slow(
        self, content: bytes, assessment: Assessment, row: int, ingest_time_ns: int
    ) -> tuple[bytes, bytes]:
        """Write one event through the library: a number in it is out of the kernel's range."""
        sequence = int(assessment.sequences[row])
        result = score_result(
            Transaction.FromString(content).transaction_id,
            assessment,
            row,
            sequence=sequence,
            ingest_time_ns=ingest_time_ns,
            alert_threshold=self._alert_threshold,
        ).SerializeToString()
        event = scored_event(content, result, sequence=sequence, ingest_time_ns=ingest_time_ns)
        return event, wire.field(_RESULT, result)

    def _make_room(self, n: int, size: int) -> None:
        needed = n * EVENT_SIZE_MAX + 2 * size
        if len(self._out) < needed:
            self._out = np.empty(2 * needed, np.uint8)
        if len(self._places) < n:
            self._places = np.empty((2 * n, 3), np.int64)

    def _fields_of(self, model: ModelIdentity | None) -> NDArray[np.uint8]:
        if model is not self._model:
            self._model, self._model_fields = model, _model_fields(model)
        return self._model_fields

    def _fields_without(self, degraded: tuple[str, ...]) -> NDArray[np.uint8]:
        fields = self._degraded.get(degraded)
        if fields is None:
            message = scoring_service_pb2.ScoreResult(degraded_reasons=degraded)
            fields = np.frombuffer(message.SerializeToString(), np.uint8)
            self._degraded[degraded] = fields
        return fields


def _room(n: int) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.bool_]]:
    return np.empty((n, 2), np.int64), np.empty(n, TRANSACTION), np.empty(n, np.bool_)


def _head(kind: ReasonKind) -> bytes:
    return scoring_service_pb2.Reason(
        code=kind.code,
        detector=kind.detector,  # type: ignore[arg-type]
        feature=kind.feature,
    ).SerializeToString()


def _model_fields(model: ModelIdentity | None) -> NDArray[np.uint8]:
    message = scoring_service_pb2.ScoreResult(
        model_name=model.name if model else "", model_version=model.version if model else ""
    )
    return np.frombuffer(message.SerializeToString(), np.uint8)
