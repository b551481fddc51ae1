"""Every way an artifact can be broken is refused, and the message says what is wrong."""

import json
import os
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from scoring_server.inference import artifact as artifact_module
from scoring_server.inference.artifact import load_model
from scoring_server.inference.errors import ModelError


def refused(artifact: Any, text: str, reason: str = "MODEL_INVALID") -> None:
    with pytest.raises(ModelError, match=text) as raised:
        load_model(artifact.directory)
    assert raised.value.reason == reason


def test_sound_artifact_loads_with_its_identity(artifact: Any) -> None:
    identity = load_model(artifact.directory).identity
    assert (identity.name, identity.version) == ("linear", "1")
    assert identity.sha256 == artifact.manifest["sha256"]
    assert identity.features == tuple(artifact.manifest["features"])
    assert identity.threshold == 0.5
    assert identity.load_time_ns > 0


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.json"])
def test_missing_file_is_missing(artifact: Any, name: str) -> None:
    (artifact.directory / name).unlink()
    refused(artifact, f"{name} is missing", reason="MODEL_MISSING")


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.json"])
def test_symbolic_link_is_refused_even_to_the_right_content(artifact: Any, name: str) -> None:
    path = artifact.directory / name
    elsewhere = artifact.directory.parent.parent / name
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    refused(artifact, "put a real file there")


def test_named_pipe_is_refused_without_waiting(artifact: Any) -> None:
    path = artifact.directory / "model.onnx"
    path.unlink()
    os.mkfifo(path)
    refused(artifact, "must be a regular file")


def test_empty_file_is_refused(artifact: Any) -> None:
    (artifact.directory / "model.onnx").write_bytes(b"")
    refused(artifact, "must have 1..67108864 bytes, had 0")


def test_file_above_the_limit_is_refused(artifact: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_module, "MODEL_SIZE_BYTES_MAX", 100)
    refused(artifact, "must have 1..100 bytes")


def test_changed_byte_is_refused_by_its_hash(artifact: Any) -> None:
    content = bytearray(artifact.graph)
    content[-5] ^= 1
    (artifact.directory / "model.onnx").write_bytes(content)
    refused(artifact, "has SHA-256 .* the manifest says")


def test_truncated_graph_is_refused_even_with_its_own_hash(artifact: Any) -> None:
    artifact.graph = artifact.graph[: len(artifact.graph) // 2]
    artifact.write()
    refused(artifact, "is not a valid ONNX model")


def test_unknown_feature_is_named(artifact: Any) -> None:
    artifact.manifest["features"] = ["shoe_size", *artifact.manifest["features"][1:]]
    artifact.write()
    refused(artifact, "does not have: shoe_size")


def test_artifact_in_the_folder_of_another_is_refused(artifact: Any) -> None:
    artifact.manifest["version"] = "2"
    artifact.write()
    refused(artifact, "names linear/2 and lies in linear/1")


def test_wrong_opset_is_refused(artifact: Any) -> None:
    artifact.manifest["opset"] = 20
    artifact.write()
    refused(artifact, "imports opset 21, the manifest says 20")


def test_operators_of_a_foreign_domain_are_refused(artifact: Any, graph_with: Any) -> None:
    model = onnx.load_model_from_string(graph_with())
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    artifact.graph = model.SerializeToString()
    artifact.write()
    refused(artifact, "uses com.example")


def test_weights_in_another_file_are_refused(artifact: Any, graph_with: Any) -> None:
    model = onnx.load_model_from_string(graph_with())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    artifact.graph = model.SerializeToString()
    artifact.write()
    refused(artifact, "weights|not a valid ONNX model")


def test_wrong_number_of_features_is_refused(artifact: Any) -> None:
    artifact.manifest["features"] = artifact.manifest["features"][:2]
    artifact.golden["inputs"] = [row[:2] for row in artifact.golden["inputs"]]
    artifact.write()
    refused(artifact, r"any number of rows, 2\)")


def test_wrong_input_name_is_refused(artifact: Any) -> None:
    artifact.manifest["input"] = "x"
    artifact.write()
    refused(artifact, "the only input `x`")


def test_wrong_output_name_is_refused(artifact: Any) -> None:
    artifact.manifest["output"]["name"] = "label"
    artifact.write()
    refused(artifact, "must have the output `label`")


def test_column_beyond_the_output_is_refused(artifact: Any) -> None:
    artifact.manifest["output"]["column"] = 1
    artifact.write()
    refused(artifact, r"has \(2, 1\) for 2 rows")


def test_output_that_is_no_float_is_refused(artifact: Any, graph_with: Any) -> None:
    artifact.graph = graph_with(
        last=[helper.make_node("Cast", ["logit"], ["probability"], to=TensorProto.DOUBLE)],
        outputs=[helper.make_tensor_value_info("probability", TensorProto.DOUBLE, [None, 1])],
    )
    artifact.write()
    refused(artifact, "tensor\\(double\\)")


def test_output_for_the_block_instead_of_its_rows_is_refused(
    artifact: Any, graph_with: Any
) -> None:
    artifact.graph = graph_with(
        last=[helper.make_node("ReduceMean", ["logit"], ["probability"], keepdims=1)],
        outputs=[helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, None])],
    )
    artifact.write()
    refused(artifact, r"must have the shape \(rows,\)")


def test_rows_that_depend_on_each_other_are_refused(artifact: Any, graph_with: Any) -> None:
    mean = helper.make_node("ReduceMean", ["logit"], ["mean"], keepdims=1)
    nodes = [
        mean,
        helper.make_node("Sub", ["logit", "mean"], ["rest"]),
        helper.make_node("Sigmoid", ["rest"], ["probability"]),
    ]
    artifact.graph = graph_with(last=nodes)
    rows = np.array(artifact.golden["inputs"]) @ [0.5, -0.25, 2.0]
    # Golden vectors that the block as a whole does reproduce.
    artifact.golden["outputs"] = (1 / (1 + np.exp(-(rows - rows.mean())))).tolist()
    artifact.write()
    refused(artifact, "scores differently alone and in a block")


def test_changed_golden_vector_is_refused(artifact: Any) -> None:
    artifact.golden["outputs"][2] += 1e-4
    artifact.write()
    refused(artifact, "vector 2 must score")


def test_golden_vector_within_tolerance_is_accepted(artifact: Any) -> None:
    artifact.golden["outputs"][2] += 5e-6
    load_model(artifact.write())


def test_golden_vectors_of_another_width_are_refused(artifact: Any) -> None:
    artifact.golden["inputs"][1] = [1.0]
    artifact.write()
    refused(artifact, r"inputs\[1\] must have 3 values")


def test_golden_vectors_without_answers_are_refused(artifact: Any) -> None:
    artifact.golden["outputs"].pop()
    artifact.write()
    refused(artifact, "equally long, were 4 and 3")


def test_golden_input_beyond_float32_is_refused(artifact: Any) -> None:
    artifact.golden["inputs"][0][0] = 1e300
    artifact.write()
    refused(artifact, "finite as float32")


def test_model_that_answers_nan_on_its_golden_vectors_is_refused(
    artifact: Any, graph_with: Any
) -> None:
    artifact.graph = graph_with(last=[helper.make_node("Log", ["logit"], ["probability"])])
    artifact.write()
    refused(artifact, "not finite", reason="MODEL_NOT_FINITE")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"sha256": "ABC"}, "sha256"),
        ({"threshold": 1.5}, "threshold"),
        ({"features": []}, "features"),
        ({"colour": "blue"}, "colour"),
        ({"name": "../linear"}, "name"),
        ({"output": {"name": "probability", "kind": "rank"}}, "kind"),
        ({"output": {"name": "probability", "kind": "score"}}, "calibration"),
    ],
)
def test_manifest_fault_is_named(artifact: Any, change: dict[str, Any], text: str) -> None:
    artifact.manifest |= change
    artifact.keep_sha256 = "sha256" in change
    artifact.write()
    refused(artifact, text)


def test_manifest_without_a_field_is_refused_by_its_name(artifact: Any) -> None:
    del artifact.manifest["opset"]
    artifact.write()
    refused(artifact, "opset.*anomaly model schema")


def test_manifest_that_is_no_json_is_refused(artifact: Any) -> None:
    (artifact.directory / "manifest.json").write_bytes(b'{"schema_version": 1, \xff')
    refused(artifact, "is not a manifest")


def test_repeated_feature_is_refused(artifact: Any) -> None:
    first = artifact.manifest["features"][0]
    artifact.manifest["features"] = [first, first, artifact.manifest["features"][2]]
    (artifact.directory / "manifest.json").write_text(json.dumps(artifact.manifest))
    refused(artifact, f"each feature once, repeated: {first}")
