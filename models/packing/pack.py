"""Makes an artifact of an exported graph and of rows with the scores that its framework gave."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import onnx
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from models.packing.graphs import cut_to_score, default_opset, ensure_default_opset, only_input
from models.packing.outputs import Found, find_score, without_zip_maps
from models.training.export import TOLERANCE, refuse_existing, write_artifact
from models.training.snapshot import histogram
from scoring_server.catalogue import FEATURE_INDEX
from scoring_server.errors import InvalidArgumentError
from scoring_server.inference.manifest import (
    SNAPSHOT_SCORE,
    Calibration,
    Golden,
    Manifest,
    Output,
    read_artifact_file,
    sha256_hex,
)
from scoring_server.inference.onnx_model import OnnxModel

SCORE_COLUMN: Final = "score"
GOLDEN_COUNT_MAX: Final = 256
_SIZE_BYTES_MAX: Final = 64 * 1024 * 1024
# Of a calibration made from samples: a typical score becomes 0.01, one at the threshold 0.5.
_STEPS_TO_TYPICAL: Final = math.log(99.0)
# Where the samples are all alike there is no spread to calibrate by.
_SPREAD_MIN: Final = 1e-3
_FALLBACK_OPSET: Final = 15
_DIGITS: Final = 6

_CARD: Final = """\
# Model {name} {version}

{description}

- Score: {what}. From {threshold:g} on it would raise an alert by itself.
- Graph: ONNX opset {opset}, input `{input}` float32 (rows, {count}), output `{output}`.
- SHA-256 of model.onnx: `{sha256}`.
- golden.json holds rows with the scores that the framework gave; loading the model reproduces
  them within {tolerance:g}.

Write here what it was fitted on, how well it does on later data, and where it must not be used.

## Features

{features}
"""


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows and what the framework says to them.

    Attributes:
        features: catalogue names of the columns, in the graph's order.
        inputs: float32, (rows, features).
        scores: of each row, as the framework gives them.
    """

    features: tuple[str, ...]
    inputs: NDArray[np.float32]
    scores: NDArray[np.float64]


def read_samples(path: Path) -> Samples:
    """Read a CSV or Parquet file with a column a feature, in the graph's order, and `score`.

    Raises:
        InvalidArgumentError: it cannot be read, or has other columns.
    """
    try:
        table = parquet.read_table(path) if path.suffix == ".parquet" else csv.read_csv(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error}") from error
    features = tuple(name for name in table.column_names if name != SCORE_COLUMN)
    unknown = [name for name in features if name not in FEATURE_INDEX]
    if unknown or not features or SCORE_COLUMN not in table.column_names:
        raise InvalidArgumentError(
            f"{path} must have a column `{SCORE_COLUMN}` and one a feature of the catalogue"
            + (f", has unknown ones: {', '.join(unknown)}" if unknown else "")
        )
    try:
        columns = [table[name].cast(pa.float64()).to_numpy() for name in features]
        scores = table[SCORE_COLUMN].cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid as error:
        raise InvalidArgumentError(f"{path} must hold numbers only: {error}") from error
    inputs = np.stack(columns, axis=1).astype(np.float32)
    if not len(scores) or not (np.isfinite(inputs).all() and np.isfinite(scores).all()):
        raise InvalidArgumentError(f"{path} must hold at least one row, and finite numbers only")
    return Samples(features, inputs, scores)


def pack(
    graph: Path,
    samples: Samples,
    directory: Path,
    *,
    description: str,
    anomalous: Literal["high", "low"],
    alert_budget_ratio: float,
    threshold: float | None = None,
) -> tuple[OnnxModel, Found]:
    """Write the artifact into `directory`, `<model dir>/<name>/<version>`, and load it to check it.

    Args:
        graph: what the framework exported, one file.
        samples: rows with the framework's own scores for them; they decide which output is meant.
        directory: its last two parts become name and version.
        description: for the manifest and the card.
        anomalous: which of the framework's scores are the anomalous ones.
        alert_budget_ratio: share of the samples that may reach the threshold.
        threshold: of the score as served; None takes it from the samples and the budget.

    Raises:
        InvalidArgumentError: the graph has another form, or gives other scores than the samples'.
        ConflictError: this version exists.
        ModelError: what was written does not pass the gate.
    """
    refuse_existing(directory)
    content = read_artifact_file(graph.parent, graph.name, _SIZE_BYTES_MAX)
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf and onnx share no base class; all mean a broken file
        raise InvalidArgumentError(f"{graph} is no ONNX model: {error}") from error
    scores = samples.scores if anomalous == "high" else -samples.scores
    without_zip_maps(model)
    ensure_default_opset(model, _FALLBACK_OPSET)
    input_name = only_input(model, len(samples.features))
    found = find_score(model, samples.inputs, scores)
    name, column = cut_to_score(model, input_name, found)
    calibration = _calibration(found, scores, alert_budget_ratio)
    served = _served(found, scores, calibration)
    if threshold is None:
        threshold = float(np.quantile(served, 1.0 - alert_budget_ratio))
    cut = model.SerializeToString(deterministic=True)
    manifest = Manifest(
        schema_version=1,
        name=directory.parent.name,
        version=directory.name,
        description=description,
        sha256=sha256_hex(cut),
        opset=default_opset(model),
        input=input_name,
        output=Output(
            name=name,
            kind="probability" if calibration is None else "score",
            column=column,
            calibration=calibration,
        ),
        features=samples.features,
        threshold=round(min(max(threshold, 0.0), 1.0), _DIGITS),
        tolerance=TOLERANCE,
        snapshot={
            **{
                feature: histogram(samples.inputs[:, place])
                for place, feature in enumerate(samples.features)
            },
            SNAPSHOT_SCORE: histogram(served),
        },
    )
    golden = _golden(samples, served)
    return write_artifact(directory, manifest, cut, golden, _card(manifest, found)), found


def _calibration(
    found: Found, scores: NDArray[np.float64], alert_budget_ratio: float
) -> Calibration | None:
    if found.form == "margin":
        return Calibration(center=0.0, scale=1.0)
    if scores.min() >= 0.0 and scores.max() <= 1.0 and found.form != "reconstruction":
        return None
    center = float(np.quantile(scores, 1.0 - alert_budget_ratio))
    spread = center - float(np.median(scores))
    scale = max(spread, float(np.ptp(scores)) * _SPREAD_MIN, _SPREAD_MIN) / _STEPS_TO_TYPICAL
    return Calibration(center=center, scale=scale)


def _served(
    found: Found, scores: NDArray[np.float64], calibration: Calibration | None
) -> NDArray[np.float64]:
    if calibration is None or found.form == "margin":
        return scores
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-(scores - calibration.center) / calibration.scale))


def _golden(samples: Samples, served: NDArray[np.float64]) -> Golden:
    order = np.argsort(served, kind="stable")
    rows = order[np.unique(np.linspace(0, len(order) - 1, GOLDEN_COUNT_MAX).round().astype(int))]
    return Golden(
        inputs=tuple(tuple(row) for row in samples.inputs[rows].tolist()),
        outputs=tuple(round(score, 9) for score in served[rows].tolist()),
    )


def _card(manifest: Manifest, found: Found) -> str:
    calibration = manifest.output.calibration
    what = f"output `{found.name}`, column {found.column}, {found.form}"
    if calibration is not None:
        what += f", then 1 / (1 + exp(-(score - {calibration.center:g}) / {calibration.scale:g}))"
    fields: dict[str, Any] = {
        "what": what,
        "count": len(manifest.features),
        "output": manifest.output.name,
        "features": ", ".join(f"`{name}`" for name in manifest.features),
    }
    for name in ("name", "version", "description", "threshold", "opset", "input", "sha256"):
        fields[name] = getattr(manifest, name)
    return _CARD.format(**fields, tolerance=manifest.tolerance)
