"""Loading a model artifact: every check between a folder and a model whose score counts."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from scoring_server.catalogue import FEATURE_COUNT, FEATURE_INDEX
from scoring_server.inference.errors import ModelError
from scoring_server.inference.graph import check_graph
from scoring_server.inference.manifest import (
    GOLDEN_FILE,
    GOLDEN_SIZE_BYTES_MAX,
    MANIFEST_FILE,
    MANIFEST_SIZE_BYTES_MAX,
    MODEL_FILE,
    MODEL_SIZE_BYTES_MAX,
    Golden,
    Manifest,
    decode_golden,
    decode_manifest,
    read_artifact_file,
    sha256_hex,
)
from scoring_server.inference.onnx_model import OnnxModel
from scoring_server.inference.trees import DISTANCE_MAX, plain_trees
from scoring_server.inference.trial import check_extremes, check_latency

# ONNX Runtime's severity: warnings about a graph would otherwise be printed at every load.
_ERRORS_ONLY = 3


def load_model(directory: Path) -> OnnxModel:
    """Load and check the artifact in `directory`, whose last two parts are its name and version.

    Raises:
        ModelError: any file is missing, broken, or contradicts another, or the model fails its
            trial; the message says how to mend it.
    """
    model, content, golden = read_artifact(directory)
    check_extremes(model)
    if model.manifest.output.calibration is None:
        _use_kernel(model, content, golden)
    check_latency(model)
    return model


def read_artifact(directory: Path) -> tuple[OnnxModel, bytes, Golden]:
    """Return the model in `directory`, its graph and its golden vectors, before its trial.

    Raises:
        ModelError: any file is missing, broken, or contradicts another.
    """
    manifest, content, golden = read_files(directory)
    check_graph(content, str(directory / MODEL_FILE), manifest.opset)
    model = OnnxModel(_open_session(content, str(directory / MODEL_FILE)), manifest)
    _check_golden(model, golden, directory / GOLDEN_FILE)
    return model, content, golden


def read_files(directory: Path) -> tuple[Manifest, bytes, Golden]:
    """Return manifest, graph and golden vectors after all checks that need no look at the graph.

    Raises:
        ModelError: any file is missing, broken, or contradicts another.
    """
    manifest_path = directory / MANIFEST_FILE
    manifest = decode_manifest(
        read_artifact_file(directory, MANIFEST_FILE, MANIFEST_SIZE_BYTES_MAX), str(manifest_path)
    )
    place = (directory.parent.name, directory.name)
    if (manifest.name, manifest.version) != place:
        raise ModelError(
            f"{manifest_path} names {manifest.name}/{manifest.version} and lies in "
            f"{'/'.join(place)}; "
            "make the folders and the manifest agree"
        )
    unknown = [name for name in manifest.features if name not in FEATURE_INDEX]
    if unknown:
        raise ModelError(
            f"{manifest_path}: features that the catalogue does not have: {', '.join(unknown)}; "
            "train the model anew with this release"
        )
    content = read_artifact_file(directory, MODEL_FILE, MODEL_SIZE_BYTES_MAX)
    model_path = str(directory / MODEL_FILE)
    digest = sha256_hex(content)
    if digest != manifest.sha256:
        raise ModelError(
            f"{model_path} has SHA-256 {digest}, the manifest says {manifest.sha256}; "
            "copy the artifact anew, or export it again if the model was changed"
        )
    golden = decode_golden(
        read_artifact_file(directory, GOLDEN_FILE, GOLDEN_SIZE_BYTES_MAX),
        str(directory / GOLDEN_FILE),
        len(manifest.features),
    )
    return manifest, content, golden


def _use_kernel(model: OnnxModel, content: bytes, golden: Golden) -> None:
    """Run a plain ensemble of trees by the kernel when it gives the scores of ONNX Runtime."""
    trees = plain_trees(content, model.columns)
    if trees is None:
        return
    rows = trees.sample(model.columns, FEATURE_COUNT)
    known = np.zeros((len(golden.inputs), FEATURE_COUNT), np.float32)
    known[:, model.columns] = golden.inputs
    rows = np.concatenate([rows, known])
    expected, scores = np.empty(len(rows)), np.empty(len(rows))
    model.score(rows, expected)
    trees.score(rows, scores)
    if np.abs(scores - expected).max() <= DISTANCE_MAX:
        model.take_over(trees)


def _open_session(content: bytes, origin: str) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions share no public base class.
        raise ModelError(f"ONNX Runtime cannot load {origin}: {error}") from error


def _check_golden(model: OnnxModel, golden: Golden, path: Path) -> None:
    with np.errstate(over="ignore"):
        inputs = np.array(golden.inputs, dtype=np.float32)
    expected = np.array(golden.outputs)
    if not np.isfinite(inputs).all():
        raise ModelError(f"{path}: inputs must be finite as float32")
    scores = model.score_inputs(inputs)
    tolerance = model.manifest.tolerance
    distance = np.abs(scores - expected)
    worst = int(distance.argmax())
    if distance[worst] > tolerance:
        raise ModelError(
            f"{path}: vector {worst} must score {expected[worst]:.9g} within {tolerance:g}, "
            f"scored {scores[worst]:.9g}; the model, its golden vectors or ONNX Runtime changed: "
            "export it again"
        )
    single = np.concatenate([model.score_inputs(row[np.newaxis]) for row in inputs])
    # Sums of float32 may round otherwise in another order; the default model gives the same bits.
    if np.abs(single - scores).max() > tolerance:
        raise ModelError(
            f"{path}: a row scores differently alone and in a block; the graph must treat each row "
            "by itself"
        )
