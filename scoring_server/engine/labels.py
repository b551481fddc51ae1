"""Labels: what a transaction turned out to be, counted once for the entities it touched.

Of the labels of a transaction the one that became known last counts, of those known at once the
one that came last, whatever the order they arrive in. A label that replaces another takes the
other's count back, so entities always carry the sum of what is known now. Every label is journaled,
also one that changes no count: it decides what a later one does. Knows neither transport nor
protobuf.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.scorer import Scorer
from scoring_server.journal.label_index import Carried, LabelEntry, LabelIndex
from scoring_server.kernels.dtypes import LABEL, TRANSACTION

# Gives what to hold while labels are taken in.
Turn = Callable[[], AbstractContextManager[object]]

# Values of the proto enum LabelValue.
FRAUD = 1
LEGITIMATE = 2
WITHDRAWN = 3

# Values of the proto enum LabelStatus.
APPLIED = 1
DUPLICATE = 2
UNKNOWN_TRANSACTION = 3


class LabelReport(NamedTuple):
    """One label as it was reported.

    Attributes:
        label_key: key of the label's id.
        transaction_key: key of the transaction it speaks of.
        value: FRAUD, LEGITIMATE or WITHDRAWN.
        known_time_ns: when it became known, on the clock of event_time.
    """

    label_key: int
    transaction_key: int
    value: int
    known_time_ns: int


class LabelResult(NamedTuple):
    """What was done with a label.

    Attributes:
        status: APPLIED, DUPLICATE or UNKNOWN_TRANSACTION.
        sequence: of the label's event; 0 when it has none.
    """

    status: int
    sequence: int


class Labels:
    """Takes labels in, idempotent by label id. Threads may share it; reports are serialised."""

    def __init__(self, scorer: Scorer, index: LabelIndex, turn: Turn | None = None) -> None:
        """Bind a scorer and an index.

        Args:
            scorer: applies and journals.
            index: knows what was reported.
            turn: held while labels are taken in; None when no other process takes any.
        """
        self._scorer = scorer
        self._index = index
        lock = threading.Lock()
        self._turn: Turn = turn or (lambda: lock)

    def report(
        self,
        reports: Sequence[LabelReport],
        payload_of: Callable[[int, int, int], bytes],
        message_of: Callable[[int], bytes],
    ) -> list[LabelResult]:
        """Apply labels in order, and journal those that are new.

        Args:
            reports: checked at the edge.
            payload_of: from position in `reports`, sequence and ingest time to the event's bytes.
            message_of: from position in `reports` to the label's bytes.

        Raises:
            ResourceExhaustedError: the journal's disk is full. The labels are kept in memory and
                journaled first when space has come back; reported again they are duplicates. Or
                earlier ones wait for space, and nothing was done with these.
            UnavailableError: likewise, when the disk fails in another way.
        """
        with self._turn():
            self._index.settle()
            results = [LabelResult(DUPLICATE, 0)] * len(reports)
            rows, positions = self._new(reports, results)
            if not positions:
                return results
            entries: list[LabelEntry] = []

            def event_of(row: int, sequence: int, ingest_time_ns: int) -> bytes:
                position = positions[row]
                results[position] = LabelResult(APPLIED, sequence)
                report = reports[position]
                entries.append(
                    label_entry(report.label_key, report.value, rows[row].tobytes(), sequence)
                )
                return payload_of(position, sequence, ingest_time_ns)

            def content(row_numbers: Sequence[int]) -> tuple[bytes, NDArray[np.int64]]:
                messages = [message_of(positions[row]) for row in row_numbers]
                ends = np.cumsum([len(message) for message in messages])
                spans = np.column_stack((np.r_[0, ends[:-1]], ends))
                return b"".join(messages), spans

            try:
                self._scorer.report_labels(rows, event_of, content)
            finally:
                # Once they have events the state counts them, even if the journal is full now.
                self._index.apply(entries)
            return results

    @property
    def is_behind(self) -> bool:
        """Whether labels that were taken in are not noted as seen yet."""
        return self._index.is_behind

    def settle(self) -> bool:
        """Note them, and return whether there were any; raises what `report` does."""
        with self._turn():
            was_behind = self.is_behind
            self._index.settle()
        return was_behind

    def _new(
        self, reports: Sequence[LabelReport], results: list[LabelResult]
    ) -> tuple[np.ndarray[Any, Any], list[int]]:
        """Return LABEL records of the labels of new ids, and their positions."""
        rows = np.zeros(len(reports), LABEL)
        positions: list[int] = []
        seen: set[int] = set()
        carried: dict[int, Carried | None] = {}
        for position, report in enumerate(reports):
            key = report.transaction_key
            if report.label_key in seen or self._index.seen(report.label_key):
                continue
            if key not in carried:
                carried[key] = self._index.carried(key)
            before = carried[key]
            row = rows[len(positions)]
            if not self._name_entities(row, key, before):
                results[position] = LabelResult(UNKNOWN_TRANSACTION, 0)
                continue
            row["known_time_ns"] = report.known_time_ns
            if before is None or report.known_time_ns >= before.known_time_ns:
                value = WITHDRAWN if before is None else before.value
                row["fraud_delta"] = (report.value == FRAUD) - (value == FRAUD)
                row["legitimate_delta"] = (report.value == LEGITIMATE) - (value == LEGITIMATE)
                carried[key] = Carried(report.value, report.known_time_ns, row.tobytes())
            seen.add(report.label_key)
            positions.append(position)
        return rows[: len(positions)], positions

    def _name_entities(self, row: Any, transaction_key: int, before: Carried | None) -> bool:
        """Write what a label touches; from an earlier label, else from the transaction's event."""
        if before is not None and before.row:
            source = np.frombuffer(before.row, LABEL)[0]
        else:
            record = self._scorer.find_transaction(transaction_key)
            if record is None:
                return False
            source = np.frombuffer(record.row, TRANSACTION)[0]
        row["transaction_key"] = transaction_key
        for name in ("event_time_ns", "account_key", "merchant_key", "device_key"):
            row[name] = source[name]
        return True


def label_entry(label_key: int, value: int, row: bytes, sequence: int) -> LabelEntry:
    """Return what the index learns of a label from its LABEL record."""
    record = np.frombuffer(row, LABEL)[0]
    return LabelEntry(
        label_key,
        int(record["transaction_key"]),
        Carried(value, int(record["known_time_ns"]), row),
        bool(record["fraud_delta"] or record["legitimate_delta"]),
        sequence,
    )
