"""Decides again from what was recorded, and compares.

The score of the model is taken as it was recorded; everything that follows from it and from the
features is computed anew, by the code that is installed now.
"""

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from anomaly.v1.scoring_service_pb2 import ScoreResult

from scoring_server.engine.assessment import Assessment
from scoring_server.engine.engine import threshold_of
from scoring_server.engine.evidence import catalogue_sha256, rules_sha256
from scoring_server.inference.onnx_model import ModelIdentity
from scoring_server.kernels import dtypes, judge_again
from scoring_server.kernels.combine import combine_block
from scoring_server.receipts.receipt import Receipt
from scoring_server.rpc.converters import score_result
from scoring_server.rules.rule_set import RuleSet

_judge_block: Callable[..., None] = judge_again.judge_block


class Difference(msgspec.Struct, frozen=True):
    """A field of the answer that came out otherwise."""

    field: str
    recorded: Any
    replayed: Any


class Replay(msgspec.Struct, frozen=True):
    """What a replay found.

    Attributes:
        differences: empty when the answer is the same in every field.
        changed: what is no longer as it was when it was decided: `rules`, `catalogue`.
    """

    differences: list[Difference]
    changed: list[str]


def replay(receipt: Receipt) -> Replay:
    """Decide a recorded transaction again."""
    again = decide_again(receipt)
    changed = []
    if receipt.context.rules_sha256 != rules_sha256():
        changed.append("rules")
    if receipt.context.catalogue_sha256 != catalogue_sha256():
        changed.append("catalogue")
    return Replay(differences(receipt.result, again), changed)


def decide_again(receipt: Receipt) -> ScoreResult:
    """Return the answer that follows from the recorded features, model score and settings."""
    context, settings = receipt.context, receipt.context.settings
    kept = context.model
    model = None
    if kept is not None:
        model = ModelIdentity(kept.name, kept.version, kept.sha256, kept.threshold, (), 0)
    rows = np.frombuffer(receipt.event.record.row, dtypes.TRANSACTION).copy()
    judgements = np.zeros(1, dtypes.JUDGEMENT)
    ml = np.array([receipt.evidence.ml])
    _judge_block(receipt.evidence.features, rows, judgements)
    combine_block(
        judgements,
        ml,
        threshold_of(model),
        settings.weights(),
        settings.severity_thresholds(),
        settings.decision_thresholds(),
    )
    record = receipt.event.record
    sequences = np.array([record.sequence], np.uint64)
    features = receipt.evidence.features
    rules = RuleSet(receipt.user_rules) if receipt.user_rules else None
    if rules is not None:
        matrix = features.view(np.float32).reshape(1, -1)
        rules.run(settings.rule_limits(), matrix, rows, sequences, judgements)
    assessment = Assessment(features, judgements, ml, sequences, context.degraded, model, rules)
    return score_result(
        receipt.result.transaction_id,
        assessment,
        0,
        sequence=record.sequence,
        ingest_time_ns=record.ingest_time_ns,
        alert_threshold=settings.alert_threshold,
    )


def differences(recorded: ScoreResult, replayed: ScoreResult) -> list[Difference]:
    """Return the fields of two answers that are not the same, to the last bit."""
    found = []
    for field in ScoreResult.DESCRIPTOR.fields:
        before, after = getattr(recorded, field.name), getattr(replayed, field.name)
        if before != after and not (_is_nan(before) and _is_nan(after)):
            found.append(Difference(field.name, _plain(before), _plain(after)))
    return found


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)
