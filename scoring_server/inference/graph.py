"""What the serving process demands of an ONNX graph before ONNX Runtime may see it.

Imported only while a model is loaded: the onnx package is needed for the check, not for scoring.
"""

from collections.abc import Iterator

import onnx

from scoring_server.inference.errors import ModelError

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})


def check_graph(content: bytes, origin: str, opset: int) -> None:
    """Check the parts of a graph that need no run.

    Args:
        content: bytes of model.onnx.
        origin: name of the file for error messages.
        opset: default operator set that the manifest states.

    Raises:
        ModelError: it is no ONNX model, imports another opset or foreign operators, or keeps
            weights in other files.
    """
    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and onnx share no base class; all mean a broken file
        raise ModelError(f"{origin} is not a valid ONNX model: {_first_line(error)}") from error
    foreign = sorted({entry.domain for entry in model.opset_import} - _DOMAINS)
    if foreign or len(model.functions):
        raise ModelError(
            f"{origin} must use the operators of ONNX and ai.onnx.ml alone, uses "
            f"{', '.join(foreign) or 'functions'}"
        )
    found = next(
        (entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), 0
    )
    if found != opset:
        raise ModelError(
            f"{origin} imports opset {found}, the manifest says {opset}; correct `opset`"
        )
    for tensor in _tensors(model.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise ModelError(
                f"{origin} keeps the weights `{tensor.name}` in another file; save the model as "
                "one file"
            )


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("g"):
                yield from _tensors(attribute.g)
            for inner in attribute.graphs:
                yield from _tensors(inner)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
