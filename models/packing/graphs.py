"""Cuts an exported graph down to its score, in the one form that the server reads."""

from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.packing.outputs import Found
from scoring_server.errors import InvalidArgumentError

SCORE_OUTPUT: Final = "score"
_AXES: Final = np.array([1], np.int64)


def only_input(model: onnx.ModelProto, feature_count: int) -> str:
    """Return the name of the graph's input, after freeing the number of its rows.

    Raises:
        InvalidArgumentError: it is not float32 of (rows, `feature_count`), or not the only one.
    """
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in weights]
    if len(inputs) != 1:
        raise InvalidArgumentError(
            f"the graph must have one input for all features, has {len(inputs)}; export it with "
            "one float32 matrix as input"
        )
    tensor = inputs[0].type.tensor_type
    columns = [dimension.dim_value for dimension in tensor.shape.dim][1:]
    if tensor.elem_type != TensorProto.FLOAT or columns not in ([feature_count], [0]):
        kind = TensorProto.DataType.Name(tensor.elem_type)
        raise InvalidArgumentError(
            f"the graph's input must be FLOAT (rows, {feature_count}), one column a feature of "
            f"the samples, is {kind} (rows, {', '.join(map(str, columns))})"
        )
    name: str = inputs[0].name
    inputs[0].CopyFrom(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", feature_count])
    )
    return name


def cut_to_score(model: onnx.ModelProto, input_name: str, found: Found) -> tuple[str, int]:
    """Leave only what makes the score, in place; return name and column of the output.

    A score that falls is negated and a reconstruction compared with the input inside the graph, so
    that the server needs to know of neither. A margin stays one: the manifest calibrates it.
    """
    graph = model.graph
    (output,) = (each for each in graph.output if each.name == found.name)
    name, column = found.name, found.column
    if output.type.tensor_type.elem_type == TensorProto.DOUBLE:
        name = _append(graph, "Cast", [name], to=TensorProto.FLOAT)
    if found.form == "negated":
        name = _append(graph, "Neg", [name])
    if found.form == "reconstruction":
        distance = _append(graph, "Sub", [name, input_name])
        square = _append(graph, "Mul", [distance, distance])
        name, column = _mean_of_rows(model, square), 0
    shape = [None] if found.flat else [None, None]
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    _drop_unused(graph, name)
    # What exporters noted of inner shapes may name a fixed number of rows.
    del graph.value_info[:]
    return name, column


def _mean_of_rows(model: onnx.ModelProto, name: str) -> str:
    opset = default_opset(model)
    # From opset 18 on the axes are an input.
    if opset >= 18:  # noqa: PLR2004
        axes = f"{SCORE_OUTPUT}_axes"
        model.graph.initializer.append(numpy_helper.from_array(_AXES, axes))
        return _append(model.graph, "ReduceMean", [name, axes], keepdims=1)
    return _append(model.graph, "ReduceMean", [name], axes=[1], keepdims=1)


def default_opset(model: onnx.ModelProto) -> int:
    """Return the version of the default operator set that a model imports; 0 for none."""
    versions = [entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}]
    return int(versions[0]) if versions else 0


def ensure_default_opset(model: onnx.ModelProto, opset: int) -> None:
    """Import the default operator set where only that of classic models is imported."""
    if not default_opset(model):
        model.opset_import.append(helper.make_opsetid("", opset))


def _append(graph: onnx.GraphProto, operator: str, inputs: list[str], **attributes: Any) -> str:
    name = f"{SCORE_OUTPUT}_{operator.lower()}"
    graph.node.append(helper.make_node(operator, inputs, [name], **attributes))
    return name


def _drop_unused(graph: onnx.GraphProto, wanted: str) -> None:
    needed = {wanted}
    for node in reversed(list(graph.node)):
        if needed.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            needed.update(node.input)
    for weight in [each for each in graph.initializer if each.name not in needed]:
        graph.initializer.remove(weight)
