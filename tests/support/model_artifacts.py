"""A small artifact that tests break in one place at a time: sigmoid(x (0.5, -0.25, 2) - 1)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from scoring_server.catalogue import FEATURE_NAMES

WEIGHTS = np.array([[0.5], [-0.25], [2.0]], dtype=np.float32)
BIAS = np.array([-1.0], dtype=np.float32)
FEATURES = [FEATURE_NAMES[40], FEATURE_NAMES[2], FEATURE_NAMES[7]]
INPUTS = np.array([[0, 0, 0], [1, 2, 3], [-4, 5, 0.5], [2, 2, 1]], dtype=np.float32)


def expected(inputs: np.ndarray) -> np.ndarray:
    """Return the scores that the artifact must give."""
    return 1.0 / (1.0 + np.exp(-(inputs.astype(np.float64) @ WEIGHTS + BIAS)[:, 0]))


def linear_graph(
    *, last: list[Any] | None = None, outputs: list[Any] | None = None, opset: int = 21
) -> onnx.ModelProto:
    """Return the model; `last` replaces the nodes after `logit`, `outputs` the declared outputs."""
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logit"]),
        *(last or [helper.make_node("Sigmoid", ["logit"], ["probability"])]),
    ]
    declared = outputs or [
        helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 3])],
        declared,
        [numpy_helper.from_array(WEIGHTS, "weights"), numpy_helper.from_array(BIAS, "bias")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


class Artifact:
    """Files of one artifact, written anew after each change."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.graph = linear_graph().SerializeToString()
        self.golden: dict[str, Any] = {
            "inputs": INPUTS.tolist(),
            "outputs": expected(INPUTS).tolist(),
        }
        self.manifest: dict[str, Any] = {
            "schema_version": 1,
            "name": directory.parent.name,
            "version": directory.name,
            "sha256": "",
            "opset": 21,
            "input": "features",
            "output": {"name": "probability", "kind": "probability"},
            "features": FEATURES,
            "threshold": 0.5,
        }
        self.keep_sha256 = False
        directory.mkdir(parents=True)
        self.write()

    def write(self) -> Path:
        """Write all files; the manifest gets the true SHA-256 unless `keep_sha256`."""
        if not self.keep_sha256:
            self.manifest["sha256"] = hashlib.sha256(self.graph).hexdigest()
        (self.directory / "model.onnx").write_bytes(self.graph)
        (self.directory / "manifest.json").write_text(json.dumps(self.manifest))
        (self.directory / "golden.json").write_text(json.dumps(self.golden))
        return self.directory
