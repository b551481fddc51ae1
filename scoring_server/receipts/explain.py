"""Why a recorded decision came out as it did, and what would have changed it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scoring_server.catalogue import FEATURE_COUNT
from scoring_server.engine.attribution import Attribution, attributions
from scoring_server.engine.counterfactual import Counterfactual, counterfactuals
from scoring_server.errors import ConflictError
from scoring_server.inference.artifact import load_model
from scoring_server.inference.onnx_model import OnnxModel
from scoring_server.inference.repository import find_model
from scoring_server.kernels import dtypes
from scoring_server.receipts.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is told of one decision beside its reasons.

    Attributes:
        attributions: features that raise the model's score; empty where no model took part.
        counterfactuals: what would have been enough; empty for what was approved.
    """

    attributions: list[Attribution]
    counterfactuals: list[Counterfactual]


def explain(receipt: Receipt, model: OnnxModel | None) -> Explanation:
    """Explain a recorded decision.

    Args:
        receipt: of the decision.
        model: the one that took part, see model_of.
    """
    settings = receipt.context.settings
    features = receipt.evidence.features.reshape(1)
    transaction = np.frombuffer(receipt.event.record.row, dtypes.TRANSACTION)
    took_part = model is not None and not np.isnan(receipt.evidence.ml)
    alerted = receipt.result.risk_score >= min(settings.alert_threshold, settings.review_threshold)
    return Explanation(
        attributions(features.view(np.float32).reshape(FEATURE_COUNT), model)
        if model is not None and took_part
        else [],
        counterfactuals(features, transaction, model if took_part else None, settings)
        if alerted
        else [],
    )


def model_of(receipt: Receipt, model_dir: Path) -> OnnxModel | None:
    """Load the model that took part in a decision; None when none did.

    Raises:
        ModelError: it is not in `model_dir`, or broken.
        ConflictError: it is there, but was changed since.
    """
    kept = receipt.context.model
    if kept is None:
        return None
    model = load_model(find_model(model_dir, kept.name, kept.version))
    if model.identity.sha256 != kept.sha256:
        raise ConflictError(
            f"the model {kept.name}/{kept.version} in {model_dir} must be the one that scored, "
            f"SHA-256 {kept.sha256}, is {model.identity.sha256}"
        )
    return model
