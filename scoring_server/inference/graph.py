"""What the serving process demands of an ONNX graph before ONNX Runtime may see it.

Imported only while a model is loaded: the onnx package is needed for the check, not for scoring.
"""

from collections.abc import Iterator

import onnx

from scoring_server.inference.errors import ModelError
from scoring_server.inference.operators import ALLOWED

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
# What the pinned ONNX Runtime promises to run; the default model imports 21 and 3.
OPSET_MIN, OPSET_MAX = 9, 23
ML_OPSET_MAX = 5
# Chosen by us: a network of a hundred layers has less than a thousand nodes.
NODE_COUNT_MAX = 10_000


def check_graph(content: bytes, origin: str, opset: int) -> None:
    """Check the parts of a graph that need no run.

    Args:
        content: bytes of model.onnx.
        origin: name of the file for error messages.
        opset: default operator set that the manifest states.

    Raises:
        ModelError: it is no ONNX model, imports another opset or one that is too new, uses an
            operator that is not allowed or too many, or keeps weights in other files.
    """
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf and onnx share no base class; all mean a broken file
        raise ModelError(_not_valid(origin, error)) from error
    # Before onnx's own check, which looks for the other file and names a temporary path.
    _check_weights(model.graph, origin)
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        raise ModelError(_not_valid(origin, error)) from error
    _check_domains(model, origin, opset)
    _check_nodes(model.graph, origin)


def _check_domains(model: onnx.ModelProto, origin: str, opset: int) -> None:
    foreign = sorted({entry.domain for entry in model.opset_import} - _DOMAINS)
    if foreign or len(model.functions):
        raise ModelError(
            f"{origin} must use the operators of ONNX and ai.onnx.ml alone, uses "
            f"{', '.join(foreign) or 'functions'}; export it for plain ONNX"
        )
    versions = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    found = versions.get("ai.onnx", 0)
    if found != opset:
        raise ModelError(
            f"{origin} imports opset {found}, the manifest says {opset}; correct `opset`"
        )
    if not OPSET_MIN <= found <= OPSET_MAX:
        raise ModelError(
            f"{origin} imports opset {found}, which must be {OPSET_MIN}..{OPSET_MAX}; export it "
            "for one of them"
        )
    if versions.get("ai.onnx.ml", 1) > ML_OPSET_MAX:
        raise ModelError(
            f"{origin} imports opset {versions['ai.onnx.ml']} of ai.onnx.ml, which must be at most "
            f"{ML_OPSET_MAX}; export it for that one"
        )


def _check_nodes(graph: onnx.GraphProto, origin: str) -> None:
    if len(graph.node) > NODE_COUNT_MAX:
        raise ModelError(
            f"{origin} must have at most {NODE_COUNT_MAX} nodes, has {len(graph.node)}; export a "
            "smaller model"
        )
    forbidden = sorted(
        {
            node.op_type
            for node in graph.node
            if node.op_type not in ALLOWED["" if node.domain == "ai.onnx" else node.domain]
        }
    )
    if forbidden:
        raise ModelError(
            f"{origin} uses operators that are not allowed: {', '.join(forbidden)}; export the "
            "model without loops, branches, random numbers and text (docs/models.md lists what is "
            "allowed)"
        )


def _check_weights(graph: onnx.GraphProto, origin: str) -> None:
    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            places = {entry.key: entry.value for entry in tensor.external_data}
            raise ModelError(
                f"{origin} keeps the weights `{tensor.name}` in another file "
                f"({places.get('location', 'unnamed')}); save the model as one file"
            )


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("g"):
                yield from _tensors(attribute.g)
            for inner in attribute.graphs:
                yield from _tensors(inner)


def _not_valid(origin: str, error: Exception) -> str:
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"{origin} is not a valid ONNX model: {first_line}; export it again"
