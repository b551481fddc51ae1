"""From an assessment to reasons that people read, and to the alert that it raises.

One transaction at a time; the answers of whole blocks are written by kernels/wire_answer.py.
"""

import base64
import hashlib
from dataclasses import dataclass

import numpy as np

from scoring_server.detectors.reasons import DETECTOR_ML, DETECTOR_STATISTICAL, REASONS
from scoring_server.detectors.wording import sentence
from scoring_server.engine.assessment import Assessment
from scoring_server.kernels.alert_id import ALERT_ID_BYTES
from scoring_server.kernels.dtypes import EVIDENCE_COUNT
from scoring_server.kernels.tell import NUMBER_COUNT_MAX, tell


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a score.

    Attributes:
        code: stable UPPER_SNAKE code.
        detector: value of the proto enum Detector.
        feature: catalogue feature that value and baseline belong to; "" for the model's score.
        value: what was seen.
        baseline: what is usual.
        contribution: share of all evidence, 0 to 1.
        sentence: the same for people.
    """

    code: str
    detector: int
    feature: str
    value: float
    baseline: float
    contribution: float
    sentence: str


def reasons(assessment: Assessment, row: int) -> list[Reason]:
    """Return the reasons of one transaction, strongest first."""
    told = []
    numbers = np.zeros(NUMBER_COUNT_MAX)
    for place in range(int(assessment.reason_count[row])):
        index = int(assessment.reason_index[row, place])
        if index >= EVIDENCE_COUNT:
            told.append(_of_rule(assessment, row, place))
            continue
        kind = REASONS[index]
        value, baseline = tell(index, assessment.records[row], numbers)
        if kind.detector == DETECTOR_ML:
            value = float(assessment.ml[row])
            baseline = assessment.model.threshold if assessment.model else 0.0
        told.append(
            Reason(
                kind.code,
                kind.detector,
                kind.feature,
                float(value),
                float(baseline),
                float(assessment.reason_contribution[row, place]),
                sentence(kind, numbers.tolist()),
            )
        )
    return told


def _of_rule(assessment: Assessment, row: int, place: int) -> Reason:
    assert assessment.rules is not None
    index = int(assessment.reason_index[row, place]) - EVIDENCE_COUNT
    rule = assessment.rules.rules[index]
    shown = rule.parsed.shown[0] if rule.parsed and rule.parsed.shown else None
    judgement = assessment.judgements[row]
    return Reason(
        rule.code,
        DETECTOR_STATISTICAL,
        shown.name if shown and shown.is_feature else "",
        float(judgement["reason_value"][place]),
        float(judgement["reason_baseline"][place]),
        float(assessment.reason_contribution[row, place]),
        rule.says,
    )


def alert_id(transaction_id: str) -> str:
    """Return the id of the alert that a transaction raises if it raises one.

    It is derived, so that the answer can name the alert before any database has it: 80 bits of
    BLAKE2b in base32; two of n alerts meet with probability n^2 / 2^81.
    """
    digest = hashlib.blake2b(transaction_id.encode(), digest_size=ALERT_ID_BYTES).digest()
    return "alr_" + base64.b32encode(digest).decode().lower()
