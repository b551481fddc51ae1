"""Writes a fitted model as an artifact: graph, manifest, golden vectors and card.

Every byte comes from the data and the recipe, none from the clock, so that the same training gives
the same files. That holds for one set of package versions on one kind of processor: another kind
may round a sum differently and so choose another split.
"""

import os
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.training.card import CARD_FILE, model_card
from models.training.onnx_graph import (
    INPUT_NAME,
    OPSET,
    OUTPUT_NAME,
    gradient_boosting_to_onnx,
)
from models.training.train import Fitted, scores_of
from scoring_server.clock import NS_PER_S
from scoring_server.errors import ConflictError, InternalError
from scoring_server.inference.artifact import load_model
from scoring_server.inference.errors import ModelError
from scoring_server.inference.manifest import (
    GOLDEN_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    Golden,
    Manifest,
    Output,
    Training,
    sha256_hex,
)
from scoring_server.inference.onnx_model import OnnxModel

GOLDEN_COUNT: Final = 64
# Largest accepted difference between ONNX Runtime and scikit-learn: sums of 200 float32 leaves.
TOLERANCE: Final = 1e-5
_CHECKED_ROWS: Final = 20_000
_SOFTWARE: Final = ("numpy", "onnx", "scikit-learn")


def export(
    fitted: Fitted,
    directory: Path,
    *,
    description: str,
    data: str,
    fingerprint: str,
    seed: int,
    overwrite: bool = False,
) -> OnnxModel:
    """Write the artifact into `directory`, `<model dir>/<name>/<version>`, and load it to check it.

    Args:
        fitted: what to write.
        directory: its last two parts become name and version.
        description: for the manifest and the card.
        data: what the model was fitted on, in words.
        fingerprint: SHA-256 of what it was fitted on.
        seed: seed of the learner.
        overwrite: replace an artifact that is there; otherwise that is refused, because a version
            that is in use must never change.

    Raises:
        ConflictError: there is an artifact, and `overwrite` is not given.
        InternalError: the graph does not give what the classifier gives.
    """
    if not overwrite:
        refuse_existing(directory)
    graph = gradient_boosting_to_onnx(
        fitted.classifier, len(fitted.features), f"{directory.parent.name}-{directory.name}"
    )
    verify(graph, fitted)
    manifest = Manifest(
        schema_version=1,
        name=directory.parent.name,
        version=directory.name,
        description=description,
        sha256=sha256_hex(graph),
        opset=OPSET,
        input=INPUT_NAME,
        output=Output(name=OUTPUT_NAME, kind="probability"),
        features=fitted.features,
        threshold=fitted.threshold,
        tolerance=TOLERANCE,
        training=Training(
            data=data,
            fingerprint=fingerprint,
            rows=fitted.row_count,
            frauds=fitted.fraud_count,
            start_time=_instant(fitted.start_time_ns),
            end_time=_instant(fitted.end_time_ns),
            seed=seed,
            software={name: version(name) for name in _SOFTWARE},
        ),
        metrics=fitted.metrics,
    )
    return write_artifact(directory, manifest, graph, golden_vectors(fitted), model_card(manifest))


def write_artifact(
    directory: Path, manifest: Manifest, graph: bytes, golden: Golden, card: str
) -> OnnxModel:
    """Write the files of an artifact and load it to check it; refused, it is no artifact.

    Raises:
        ModelError: it does not pass the gate.
    """
    directory.mkdir(parents=True, exist_ok=True)
    # The manifest comes last: without it a half-written artifact is no artifact.
    _write(directory / MODEL_FILE, graph)
    _write(directory / GOLDEN_FILE, _pretty(msgspec.json.encode(golden), 0))
    _write(directory / CARD_FILE, card.encode())
    _write(directory / MANIFEST_FILE, _pretty(msgspec.json.encode(manifest), 2))
    try:
        return load_model(directory)
    except ModelError:
        (directory / MANIFEST_FILE).unlink()
        raise


def refuse_existing(directory: Path) -> None:
    """Refuse a folder that holds a model already.

    Raises:
        ConflictError: it does.
    """
    if (directory / MANIFEST_FILE).exists():
        raise ConflictError(
            f"{directory} holds a model already; choose another version, a model never changes"
        )


def verify(graph: bytes, fitted: Fitted) -> None:
    """Check that a graph scores as its classifier does, on test inputs and on random ones.

    Raises:
        InternalError: a score differs by more than TOLERANCE.
    """
    tested = fitted.test_inputs[:: max(1, len(fitted.test_inputs) // _CHECKED_ROWS)]
    rng = np.random.default_rng(0)
    spread = tested.std(axis=0, dtype=np.float64) + 1.0
    shaken = tested + rng.normal(0.0, 3.0, tested.shape) * spread
    for inputs in (tested, shaken.astype(np.float32)):
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        scores = session.run([OUTPUT_NAME], {INPUT_NAME: inputs})[0][:, 0]
        distance = float(np.abs(scores - scores_of(fitted.classifier, inputs)).max())
        if not distance <= TOLERANCE:
            raise InternalError(
                f"the ONNX graph differs from the classifier by {distance:g}, allowed is "
                f"{TOLERANCE:g}; scikit-learn may have changed how it stores its trees"
            )


def golden_vectors(fitted: Fitted) -> Golden:
    """Return vectors from the test part that cover the whole range of scores, lowest first."""
    scores = scores_of(fitted.classifier, fitted.test_inputs)
    order = np.argsort(scores, kind="stable")
    # Evenly spaced over the logit, because nearly all scores are near 0.
    wanted = np.linspace(_logit(scores[order[0]]), _logit(scores[order[-1]]), GOLDEN_COUNT)
    places = np.searchsorted(_logit(scores[order]), wanted).clip(max=len(order) - 1)
    rows = order[np.unique(places)]
    return Golden(
        inputs=tuple(tuple(row) for row in fitted.test_inputs[rows].tolist()),
        outputs=tuple(round(score, 9) for score in scores[rows].tolist()),
    )


def _logit(score: NDArray[np.float64]) -> NDArray[np.float64]:
    clipped = np.clip(score, 1e-12, 1.0 - 1e-12)
    logit: NDArray[np.float64] = np.log(clipped / (1.0 - clipped))
    return logit


def _instant(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).isoformat().replace("+00:00", "Z")


def _pretty(content: bytes, indent: int) -> bytes:
    return msgspec.json.format(content, indent=indent) + b"\n"


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
