"""Labels: what a transaction turned out to be, counted once for the entities it touched.

A label that replaces another takes the other's count back, so entities always carry the sum of
what is known now. Knows neither transport nor protobuf.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from scoring_server.engine.scorer import Scorer
from scoring_server.journal.label_index import LabelEntry, LabelIndex
from scoring_server.kernels.dtypes import LABEL, TRANSACTION

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
        sequence: of the label's event; 0 when nothing changed.
    """

    status: int
    sequence: int


class Labels:
    """Takes labels in, idempotent by label id. Threads may share it; reports are serialised."""

    def __init__(self, scorer: Scorer, index: LabelIndex) -> None:
        self._scorer = scorer
        self._index = index
        self._lock = threading.Lock()

    def report(
        self, reports: Sequence[LabelReport], payload_of: Callable[[int, int, int], bytes]
    ) -> list[LabelResult]:
        """Apply labels in order, and journal those that change something.

        Args:
            reports: checked at the edge.
            payload_of: from position in `reports`, sequence and ingest time to the event's bytes.

        Raises:
            ResourceExhaustedError: the journal's disk is full. The labels are kept in memory and
                journaled first when space has come back; reported again they are duplicates.
        """
        with self._lock:
            results = [LabelResult(DUPLICATE, 0)] * len(reports)
            rows, positions = self._changes(reports, results)
            if not positions:
                return results
            entries: list[LabelEntry] = []

            def event_of(row: int, sequence: int, ingest_time_ns: int) -> bytes:
                position = positions[row]
                label_key, transaction_key, value, _ = reports[position]
                results[position] = LabelResult(APPLIED, sequence)
                entries.append(LabelEntry(label_key, transaction_key, value, sequence))
                return payload_of(position, sequence, ingest_time_ns)

            try:
                self._scorer.report_labels(rows, event_of)
            finally:
                # Once they have events the state counts them, even if the journal is full now.
                self._index.apply(entries)
            return results

    def _changes(
        self, reports: Sequence[LabelReport], results: list[LabelResult]
    ) -> tuple[np.ndarray[Any, Any], list[int]]:
        """Return LABEL records of the labels that change something, and their positions."""
        rows = np.zeros(len(reports), LABEL)
        positions: list[int] = []
        seen: set[int] = set()
        values: dict[int, int | None] = {}
        for position, report in enumerate(reports):
            key = report.transaction_key
            if report.label_key in seen or self._index.seen(report.label_key):
                continue
            before = values[key] if key in values else self._index.value(key)
            if report.value == (before or WITHDRAWN):
                if before is None and self._scorer.find_transaction(key) is None:
                    results[position] = LabelResult(UNKNOWN_TRANSACTION, 0)
                continue
            record = self._scorer.find_transaction(key)
            if record is None:
                results[position] = LabelResult(UNKNOWN_TRANSACTION, 0)
                continue
            row = rows[len(positions)]
            _fill(row, np.frombuffer(record.row, TRANSACTION)[0], report, before)
            seen.add(report.label_key)
            values[key] = report.value
            positions.append(position)
        return rows[: len(positions)], positions


def _fill(row: Any, transaction: Any, report: LabelReport, before: int | None) -> None:
    row["transaction_key"] = report.transaction_key
    row["known_time_ns"] = report.known_time_ns
    row["event_time_ns"] = transaction["event_time_ns"]
    for name in ("account_key", "merchant_key", "device_key"):
        row[name] = transaction[name]
    row["fraud_delta"] = (report.value == FRAUD) - (before == FRAUD)
    row["legitimate_delta"] = (report.value == LEGITIMATE) - (before == LEGITIMATE)
