"""The one error of inference: an artifact or a loaded model that cannot be trusted."""

from dataclasses import dataclass

from scoring_server.errors import FailedPreconditionError


@dataclass(eq=False)
class ModelError(FailedPreconditionError):
    """A model cannot be used; scoring goes on without it.

    Attributes:
        reason: MODEL_MISSING (no artifact), MODEL_INVALID (a broken artifact), MODEL_FAILED (ONNX
            Runtime refused an input) or MODEL_NOT_FINITE (it answered NaN or infinity).
    """

    reason: str = "MODEL_INVALID"
