"""What came back: one entry a row of the file, and the latency of each call."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from anomaly.v1 import scoring_service_pb2
from google.rpc import code_pb2

from scoring_server.evaluation.metrics import auc_roc, average_precision, card_precision_at

CARDS_A_DAY = 100
PERCENTILES = (50.0, 90.0, 99.0, 99.9)
_NS_PER_DAY = 86_400 * 1_000_000_000
# Errors of single transactions that a later attempt can overcome.
RETRYABLE_CODES = frozenset(
    {code_pb2.RESOURCE_EXHAUSTED, code_pb2.UNAVAILABLE, code_pb2.DEADLINE_EXCEEDED}
)


class Tally:
    """Collects the outcomes of the rows of one canonical table."""

    def __init__(self, table: pa.Table) -> None:
        count = table.num_rows
        self._table = table
        self.risk_scores = np.full(count, np.nan)
        self.severities = np.zeros(count, np.int8)
        self.decisions = np.zeros(count, np.int8)
        self.replayed = np.zeros(count, np.bool_)
        self.alerted = np.zeros(count, np.bool_)
        self.refused: Counter[str] = Counter()
        self.first_refusal = ""
        self.degraded: Counter[str] = Counter()
        self.latencies_ns: list[int] = []
        self.labels_reported = 0
        self.last_sequence = 0

    def add(
        self, start: int, outcomes: Sequence[scoring_service_pb2.ScoreOutcome], latency_ns: int
    ) -> int:
        """Take in the answer to one call about the rows from `start`.

        Returns:
            How many rows are settled; the row after them, if any, should be sent again.
        """
        self.latencies_ns.append(latency_ns)
        for position, outcome in enumerate(outcomes):
            if outcome.WhichOneof("outcome") == "result":
                self._add_result(start + position, outcome.result)
            elif outcome.error.code in RETRYABLE_CODES:
                return position
            else:
                self.refused[code_pb2.Code.Name(outcome.error.code)] += 1
                self.first_refusal = self.first_refusal or outcome.error.message
        return len(outcomes)

    def _add_result(self, row: int, result: scoring_service_pb2.ScoreResult) -> None:
        self.risk_scores[row] = result.risk_score
        self.severities[row] = result.severity
        self.decisions[row] = result.decision
        self.replayed[row] = result.replayed
        self.alerted[row] = bool(result.alert_id)
        self.degraded.update(result.degraded_reasons)
        self.last_sequence = max(self.last_sequence, result.sequence)

    @property
    def scored_count(self) -> int:
        """How many rows have a score."""
        return int(np.count_nonzero(~np.isnan(self.risk_scores)))

    @property
    def replayed_count(self) -> int:
        """How many of them the server had scored before."""
        return int(np.count_nonzero(self.replayed))

    @property
    def alert_count(self) -> int:
        """How many of them raise an alert."""
        return int(np.count_nonzero(self.alerted))

    def is_scored(self, row: int) -> bool:
        """Tell whether a row has a score."""
        return not np.isnan(self.risk_scores[row])

    def latency_ms(self) -> dict[str, float]:
        """Return percentiles of the time from sending a message to having its answer."""
        if not self.latencies_ns:
            return {}
        values = np.percentile(np.array(self.latencies_ns), PERCENTILES) / 1e6
        return {
            f"p{percent:g}": float(value)
            for percent, value in zip(PERCENTILES, values, strict=True)
        }

    def metrics(self) -> dict[str, float] | None:
        """Return how well the scores rank the labelled rows; None when the file has no labels."""
        if "label" not in self._table.column_names:
            return None
        labels = self._table["label"].cast(pa.float64()).to_numpy()
        rows = np.flatnonzero(~np.isnan(labels) & ~np.isnan(self.risk_scores))
        if rows.size == 0:
            return None
        labels, scores = labels[rows].astype(np.int8), self.risk_scores[rows]
        times_ns = self._table["event_time"].cast(pa.int64()).to_numpy()[rows]
        accounts = self._table["account_id"].combine_chunks().dictionary_encode()
        return {
            "auc_roc": auc_roc(labels, scores),
            "average_precision": average_precision(labels, scores),
            f"card_precision_at_{CARDS_A_DAY}": card_precision_at(
                CARDS_A_DAY,
                times_ns // _NS_PER_DAY,
                accounts.indices.to_numpy()[rows],
                scores,
                labels,
            ),
        }
