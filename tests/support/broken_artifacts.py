"""Artifacts that must never score, each broken in one place, with what their refusal says."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.support.model_artifacts import BIAS, WEIGHTS, Artifact, linear_graph

_MIB = 1024 * 1024


class Broken(NamedTuple):
    """One way to break a sound artifact.

    Attributes:
        name: of the case.
        break_it: changes the files of a sound artifact.
        says: regular expression that the refusal must match.
    """

    name: str
    break_it: Callable[[Artifact], Any]
    says: str


def _manifest(**changes: Any) -> Callable[[Artifact], Any]:
    def change(artifact: Artifact) -> None:
        artifact.manifest |= changes
        artifact.keep_sha256 = "sha256" in changes
        artifact.write()

    return change


def _without(field: str) -> Callable[[Artifact], Any]:
    def change(artifact: Artifact) -> None:
        del artifact.manifest[field]
        artifact.write()

    return change


def _graph(**changes: Any) -> Callable[[Artifact], Any]:
    def change(artifact: Artifact) -> None:
        artifact.graph = linear_graph(**changes).SerializeToString()
        artifact.write()

    return change


def _ending(*nodes: tuple[str, list[str], list[str], dict[str, Any]]) -> Callable[[Artifact], Any]:
    return _graph(
        last=[
            helper.make_node(kind, inputs, outputs, **attributes)
            for kind, inputs, outputs, attributes in nodes
        ]
    )


def _edited(edit: Callable[[onnx.ModelProto], Any]) -> Callable[[Artifact], Any]:
    def change(artifact: Artifact) -> None:
        model = linear_graph()
        edit(model)
        artifact.graph = model.SerializeToString()
        artifact.write()

    return change


def _golden(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Artifact], Any]:
    def change(artifact: Artifact) -> None:
        edit(artifact.golden)
        artifact.write()

    return change


def _file(name: str, content: bytes) -> Callable[[Artifact], Any]:
    return lambda artifact: (artifact.directory / name).write_bytes(content)


def _truncated(artifact: Artifact) -> None:
    artifact.graph = artifact.graph[: len(artifact.graph) // 2]
    artifact.write()


def _cut_copy(artifact: Artifact) -> None:
    (artifact.directory / "model.onnx").write_bytes(artifact.graph[:-7])


def _huge(artifact: Artifact) -> None:
    # Sparse: has the size, and takes no room.
    os.truncate(artifact.directory / "model.onnx", 65 * _MIB)


def _link(artifact: Artifact) -> None:
    path = artifact.directory / "model.onnx"
    path.rename(artifact.directory / "true.onnx")
    path.symlink_to("true.onnx")


def _external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")


def _slow(artifact: Artifact) -> None:
    """Thirty products of a row with 1,500 x 1,500 weights, which add nothing."""
    width = 1_500
    nodes = [helper.make_node("MatMul", ["features", "wide"], ["step_0"])]
    nodes += [
        helper.make_node("MatMul", [f"step_{i}", "square"], [f"step_{i + 1}"]) for i in range(30)
    ]
    nodes += [
        helper.make_node("ReduceSum", ["step_30", "axes"], ["rest"], keepdims=1),
        helper.make_node("MatMul", ["features", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["linear"]),
        helper.make_node("Add", ["linear", "rest"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    weights = {
        "wide": np.zeros((3, width), np.float32),
        "square": np.zeros((width, width), np.float32),
        "axes": np.array([1], np.int64),
        "weights": WEIGHTS,
        "bias": BIAS,
    }
    graph = helper.make_graph(
        nodes,
        "slow",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 3])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    artifact.graph = model.SerializeToString()
    artifact.write()


def _loop(artifact: Artifact) -> None:
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["still_going"]),
            helper.make_node("Identity", ["before"], ["after"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("before", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still_going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("after", TensorProto.FLOAT, None),
        ],
    )
    _ending(
        ("Sigmoid", ["logit"], ["once"], {}),
        ("Loop", ["", "", "once"], ["probability"], {"body": body}),
    )(artifact)


_NOISE = ("RandomUniformLike", ["logit"], ["probability"], {})
_NAN = [("Log", ["logit"], ["logarithm"], {}), ("Sigmoid", ["logarithm"], ["probability"], {})]
# Infinity less infinity, once the logit is beyond 1e11; nothing for every usual input.
_NAN_FAR_OFF = [
    ("Exp", ["logit"], ["power"], {}),
    ("Sub", ["power", "power"], ["nothing"], {}),
    ("Add", ["logit", "nothing"], ["sum"], {}),
    ("Sigmoid", ["sum"], ["probability"], {}),
]

BROKEN = (
    Broken("no_manifest", lambda a: (a.directory / "manifest.json").unlink(), "manifest.json is m"),
    Broken("no_model", lambda a: (a.directory / "model.onnx").unlink(), "model.onnx is missing"),
    Broken("no_golden", lambda a: (a.directory / "golden.json").unlink(), "golden.json is missing"),
    Broken("empty_model", _file("model.onnx", b""), "must have 1.. ?67108864 bytes, had 0"),
    Broken("huge_model", _huge, "67108864 bytes, had 68157440"),
    Broken("truncated_model", _truncated, "not a valid ONNX model"),
    Broken("cut_copy", _cut_copy, "SHA-256 .* copy the artifact anew"),
    Broken("link", _link, "no symbolic link"),
    Broken("manifest_no_json", _file("manifest.json", b"{"), "is not a manifest"),
    Broken("manifest_no_text", _file("manifest.json", b'{"\xff": 1}'), "is not a manifest"),
    Broken("unknown_field", _manifest(colour="blue"), "unknown field `colour`"),
    Broken("no_opset", _without("opset"), "missing required field `opset`"),
    Broken("no_threshold", _without("threshold"), "missing required field `threshold`"),
    Broken("later_schema", _manifest(schema_version=9), r"schema_version"),
    Broken("path_traversal", _manifest(name="../../etc"), r"\$\.name"),
    Broken("name_of_another", _manifest(name="another"), "names another/.* folders and the man"),
    Broken("wrong_hash", _manifest(sha256="0" * 64), "the manifest says 0000"),
    Broken("threshold_above_one", _manifest(threshold=1.5), r"<= 1.0.*\$\.threshold"),
    Broken("unknown_feature", _manifest(features=["a", "b", "c"]), "does not have: a, b, c"),
    Broken("feature_twice", _manifest(features=["amount"] * 3), "once, repeated: amount"),
    Broken("feature_missing", _manifest(features=["amount"]), r"inputs\[0\] must have 1 values"),
    Broken(
        "score_uncalibrated",
        _manifest(output={"name": "probability", "kind": "score"}),
        "calibration` must be given",
    ),
    Broken(
        "no_such_output", _manifest(output={"name": "rank", "kind": "probability"}), "output `rank`"
    ),
    Broken(
        "no_such_column",
        _manifest(output={"name": "probability", "kind": "probability", "column": 4}),
        "more than 4",
    ),
    Broken(
        "snapshot_of_another",
        _manifest(snapshot={"colour": {"edges": [1.0], "shares": [0.5, 0.5]}}),
        "snapshot` must name features .* names `colour`",
    ),
    Broken(
        "snapshot_unsound",
        _manifest(snapshot={"score": {"edges": [1.0, 0.5], "shares": [0.5, 0.2, 0.3]}}),
        "snapshot of `score` must have rising edges",
    ),
    Broken("no_such_input", _manifest(input="rows"), "only input `rows`"),
    Broken("opset_misstated", _manifest(opset=20), "imports opset 21, the manifest says 20"),
    Broken("external_weights", _edited(_external), "in another file .*passwd.* as one file"),
    Broken(
        "foreign_domain",
        _edited(lambda m: m.opset_import.append(helper.make_opsetid("com.microsoft", 1))),
        "uses com.microsoft",
    ),
    Broken("random_numbers", _ending(_NOISE), "not allowed: RandomUniformLike"),
    Broken("endless_loop", _loop, "not allowed: Loop"),
    Broken("nan_output", _ending(*_NAN), "not finite"),
    Broken("nan_far_off", _ending(*_NAN_FAR_OFF), "not finite for extreme input .* clip"),
    Broken(
        "no_probability",
        _ending(("Identity", ["logit"], ["probability"], {})),
        "where a probability was declared",
    ),
    Broken(
        "other_golden",
        _golden(lambda golden: golden["outputs"].__setitem__(1, 0.123)),
        "vector 1 must score 0.123",
    ),
    Broken("golden_too_short", _golden(lambda golden: golden["outputs"].pop()), "equally long"),
    Broken("golden_too_wide", _golden(lambda golden: golden["inputs"][2].append(1)), r"inputs\[2]"),
    Broken("slow", _slow, "ms for .*, the budget is"),
)
