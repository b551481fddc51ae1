"""What the engine tells of a block of transactions."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scoring_server.catalogue import FEATURE_COUNT
from scoring_server.inference.onnx_model import ModelIdentity
from scoring_server.rules.rule_set import RuleSet


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the engine makes of a block of n transactions; row i is transaction i.

    Attributes:
        records: FEATURES records: what was known before the transaction counted, (n,).
        judgements: JUDGEMENT records: scores, risk, severity, decision and reasons, (n,).
        ml: score of the model, (n,) in [0, 1]; NaN where it took no part.
        sequences: (n,) positions in the total order, ascending; 0 where another worker, of several,
            scored the id meanwhile, and then nothing else of that row means anything.
        degraded_reasons: what was left out, by code; empty when nothing was.
        model: the model that took part; None without one.
        rules: the user rules that were asked; None without any.
    """

    records: NDArray[Any]
    judgements: NDArray[Any]
    ml: NDArray[np.float64]
    sequences: NDArray[np.uint64]
    degraded_reasons: tuple[str, ...]
    model: ModelIdentity | None
    rules: RuleSet | None = None

    @property
    def features(self) -> NDArray[np.float32]:
        """The catalogue features, (n, FEATURE_COUNT) float32."""
        return matrix_of(self.records)

    @property
    def statistical(self) -> NDArray[np.float64]:
        """Score of the statistical detector, (n,) in [0, 1)."""
        return self._judged("statistical")

    @property
    def behavioral(self) -> NDArray[np.float64]:
        """Score of the behavioral detector, (n,) in [0, 1)."""
        return self._judged("behavioral")

    @property
    def risk_score(self) -> NDArray[np.float64]:
        """The risk, (n,) in [0, 100]."""
        return self._judged("risk_score")

    @property
    def severity(self) -> NDArray[np.int8]:
        """Values of the proto enum Severity, (n,)."""
        return self._judged("severity")

    @property
    def decision(self) -> NDArray[np.int8]:
        """Values of the proto enum Decision, (n,)."""
        return self._judged("decision")

    @property
    def reason_count(self) -> NDArray[np.int64]:
        """Number of reasons, (n,)."""
        return self._judged("reason_count")

    @property
    def reason_index(self) -> NDArray[np.int16]:
        """Lines of the reason table, strongest first, (n, REASON_COUNT_MAX).

        From EVIDENCE_COUNT on they are user rules.
        """
        return self._judged("reason_index")

    @property
    def reason_contribution(self) -> NDArray[np.float64]:
        """Share of all evidence, 0 to 1, like reason_index."""
        return self._judged("reason_contribution")

    @property
    def first_sequence(self) -> int:
        """Sequence of the first row."""
        return int(self.sequences[0])

    def of(self, rows: NDArray[Any]) -> "Assessment":
        """Return the assessment of some rows only, by their index."""
        return Assessment(
            self.records[rows],
            self.judgements[rows],
            self.ml[rows],
            self.sequences[rows],
            self.degraded_reasons,
            self.model,
            self.rules,
        )

    def _judged(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self.judgements[name]
        return values


class Known(NamedTuple):
    """What the replay guard knows of a block of n transactions.

    Attributes:
        sequences: where each id was scored first, (n,); 0 for a new one.
        same_content: whether with the same content, (n,).
        are_new: whether all ids are new and differ among themselves.
    """

    sequences: NDArray[np.uint64]
    same_content: NDArray[np.bool_]
    are_new: bool


def matrix_of(records: NDArray[Any]) -> NDArray[np.float32]:
    """Return FEATURES records, (n,), as the matrix that a model takes."""
    matrix: NDArray[np.float32] = records.view(np.float32).reshape(len(records), FEATURE_COUNT)
    return matrix
