"""Finds the score among the outputs of an exported graph.

Frameworks agree on no convention: a label beside probabilities, a list of maps, one column, a raw
margin, an anomaly score that falls, or a reconstruction of the input. Names tell little, so the
scores that the framework itself gave decide: that output is the score which reproduces them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from scoring_server.errors import InvalidArgumentError

Form = Literal["as it is", "margin", "negated", "reconstruction"]
# Largest difference that still counts as the same score, relative to the spread of the scores.
MATCH_MAX: Final = 1e-5
_ERRORS_ONLY: Final = 3
_MATRIX: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Where the score is.

    Attributes:
        name: output of the graph, without ZipMap.
        column: its column.
        form: what is to be done to it to get the score: nothing, a logistic function, a change of
            sign, or its mean squared distance from the input.
        flat: whether the output has one dimension.
    """

    name: str
    column: int
    form: Form
    flat: bool = False


def without_zip_maps(model: onnx.ModelProto) -> None:
    """Give out the tensors behind lists of maps, in place."""
    behind = {
        node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "ZipMap"
    }
    for node in [node for node in model.graph.node if node.op_type == "ZipMap"]:
        model.graph.node.remove(node)
    for output in model.graph.output:
        if output.name in behind:
            shape = [None, None]
            output.CopyFrom(
                onnx.helper.make_tensor_value_info(
                    behind[output.name], onnx.TensorProto.FLOAT, shape
                )
            )


def find_score(
    model: onnx.ModelProto, inputs: NDArray[np.float32], scores: NDArray[np.float64]
) -> Found:
    """Return which output gives the framework's own scores.

    Args:
        model: without ZipMap; its only input is float32 of (rows, features).
        inputs: sample rows.
        scores: what the framework says to them, higher is more anomalous.

    Raises:
        InvalidArgumentError: the graph does not run on them, or no output gives them; the message
            says how far the nearest is off.
    """
    shaped = _run(model, inputs)
    outputs = {name: values.reshape(len(values), -1) for name, values in shaped.items()}
    scale = max(float(np.ptp(scores)), float(np.abs(scores).max()) * MATCH_MAX, MATCH_MAX)
    distances = {
        found: float(np.abs(candidate - scores).max()) / scale
        for found, candidate in _candidates(outputs, inputs)
    }
    if not distances:
        raise InvalidArgumentError("the graph must have an output of numbers, one row a row")
    # The first of equals: as it is before any change.
    nearest = min(distances, key=lambda found: distances[found])
    if not distances[nearest] <= MATCH_MAX:
        raise InvalidArgumentError(
            f"no output of the graph gives the scores: the nearest, {nearest.name}[:, "
            f"{nearest.column}] {nearest.form}, is off by {distances[nearest] * scale:g}; the "
            "scores must be those of the exported model for the same rows in float32, and "
            "--anomalous low must be given where low scores are the anomalous ones"
        )
    return replace(nearest, flat=shaped[nearest.name].ndim == 1)


def _candidates(
    outputs: dict[str, NDArray[np.float64]], inputs: NDArray[np.float32]
) -> Iterator[tuple[Found, NDArray[np.float64]]]:
    columns = [
        (name, column, values[:, column])
        for name, values in outputs.items()
        for column in reversed(range(min(values.shape[1], 64)))
    ]
    for name, column, values in columns:
        yield Found(name, column, "as it is"), values
    for name, column, values in columns:
        yield Found(name, column, "negated"), -values
        with np.errstate(over="ignore"):
            yield Found(name, column, "margin"), 1.0 / (1.0 + np.exp(-values))
    for name, values in outputs.items():
        if values.shape == inputs.shape:
            yield Found(name, 0, "reconstruction"), ((values - inputs) ** 2).mean(axis=1)


def _run(model: onnx.ModelProto, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in session.get_outputs()]
        results = session.run(names, {session.get_inputs()[0].name: inputs})
    except Exception as error:  # ONNX Runtime's exceptions share no public base class.
        raise InvalidArgumentError(f"the graph does not run on the samples: {error}") from error
    found = {}
    for name, result in zip(names, results, strict=True):
        values = _numbers(result, len(inputs))
        if values is not None:
            found[name] = values
    return found


def _numbers(result: Any, rows: int) -> NDArray[np.float64] | None:
    if not isinstance(result, np.ndarray) or result.dtype.kind != "f" or not result.shape:
        return None
    if result.shape[0] != rows or result.ndim > _MATRIX:
        return None
    return result.astype(np.float64)
