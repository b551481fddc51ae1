"""When a replay reports which labels."""

from typing import Final

import numpy as np
import pyarrow as pa
from anomaly.v1.label_service_pb2 import Label

from scoring_server.clock import NS_PER_S
from scoring_server.replay import messages
from scoring_server.replay.tally import Tally

# Labels are gathered for an hour of the file's time, so that they do not cut the stream into
# pieces; they are then at most that late, which real ones are too. Chosen by us.
LABEL_INTERVAL_NS: Final = 3_600 * NS_PER_S
_FRAUD: Final = 1


class LabelPlan:
    """Tells which labels are due before a row of the file is sent.

    Args:
        table: the canonical table.
        delay_ns: how long after its transaction a label becomes known; None reports none.
        exact: report frauds alone, each before the first row that happened when it was known, as
            a backtest takes them.
    """

    def __init__(self, table: pa.Table, delay_ns: int | None, *, exact: bool) -> None:
        self._table = table
        self._times_ns = table["event_time"].cast(pa.int64()).to_numpy()
        self._delay_ns = delay_ns if "label" in table.column_names else None
        self._exact = exact
        self._reported_at_ns = 0
        # Rows of frauds, and of each the row before which it is reported.
        self._frauds = np.zeros(0, np.int64)
        self._cuts = np.zeros(0, np.int64)
        if exact and self._delay_ns is not None:
            labels = table["label"].cast(pa.float64()).to_numpy()
            self._frauds = np.flatnonzero(labels == _FRAUD)
            known_ns = self._times_ns[self._frauds] + self._delay_ns
            self._cuts = np.maximum(np.searchsorted(self._times_ns, known_ns), self._frauds + 1)

    def is_due(self, labelled: int, row: int) -> bool:
        """Tell whether labels are to be reported before a row; those before `labelled` are."""
        if self._delay_ns is None:
            return False
        if self._exact:
            return self._next_cut(labelled) <= row
        now_ns = int(self._times_ns[row])
        if now_ns < self._reported_at_ns + LABEL_INTERVAL_NS:
            return False
        return bool(self._times_ns[labelled] + self._delay_ns <= now_ns)

    def known_end(self, labelled: int, row: int) -> int:
        """Return the row up to which labels have become known before a row happened."""
        assert self._delay_ns is not None
        if self._exact:
            due = self._frauds[self._cuts <= row]
            return int(due[-1]) + 1 if due.size else labelled
        return int(np.searchsorted(self._times_ns, self._times_ns[row] - self._delay_ns, "right"))

    def done(self, row: int) -> None:
        """Note that everything due before a row has been reported."""
        self._reported_at_ns = int(self._times_ns[row])

    def uncut(self, labelled: int, start: int, size: int) -> int:
        """Return how many rows from `start`, at most `size`, may go before the next labels."""
        return min(size, max(1, self._next_cut(labelled) - start)) if self._exact else size

    def labels(self, start: int, end: int, first_row: int, tally: Tally) -> list[Label]:
        """Return the labels of some rows as messages.

        A transaction that the server refused has no label; those before `first_row` were answered
        in an earlier run.
        """
        assert self._delay_ns is not None
        rows = self._table.slice(start, end - start)
        values = rows["label"].to_pylist()
        ids = rows["transaction_id"].to_pylist()
        return [
            messages.label(ids[row], values[row], int(self._times_ns[start + row]) + self._delay_ns)
            for row in range(end - start)
            if values[row] is not None
            and (values[row] == _FRAUD or not self._exact)
            and (start + row < first_row or tally.is_scored(start + row))
        ]

    def _next_cut(self, labelled: int) -> int:
        place = int(np.searchsorted(self._frauds, labelled))
        return int(self._cuts[place]) if place < len(self._cuts) else len(self._times_ns)
