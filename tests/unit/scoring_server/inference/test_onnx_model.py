"""Scores of a loaded model: right, independent of the block, and never anything but 0..1."""

import threading
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from scoring_server.catalogue import FEATURE_COUNT, FEATURE_INDEX
from scoring_server.inference.artifact import load_model, read_artifact
from scoring_server.inference.errors import ModelError


def catalogue_rows(artifact: Any, inputs: np.ndarray) -> np.ndarray:
    """Return full rows of features in which all others hold a number that must not matter."""
    features = np.full((len(inputs), FEATURE_COUNT), 1e6, dtype=np.float32)
    features[:, [FEATURE_INDEX[name] for name in artifact.manifest["features"]]] = inputs
    return features


def test_columns_are_taken_by_name_in_the_manifests_order(
    artifact: Any, inputs: np.ndarray, expected_scores: Any
) -> None:
    out = np.empty(len(inputs))
    load_model(artifact.directory).score(catalogue_rows(artifact, inputs), out)
    # The graph computes in float32.
    np.testing.assert_allclose(out, expected_scores(inputs), atol=1e-6)


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 127, 128, 129, 341])
def test_row_scores_the_same_alone_and_in_any_block(
    artifact: Any, rows: int, expected_scores: Any
) -> None:
    model = load_model(artifact.directory)
    inputs = np.random.default_rng(rows).normal(0, 3, (rows, 3)).astype(np.float32)
    features = catalogue_rows(artifact, inputs)
    block, single = np.full(rows, np.nan), np.full(rows, np.nan)
    model.score(features, block)
    for row in range(rows):
        model.score(features[row : row + 1], single[row : row + 1])
    np.testing.assert_array_equal(block, single)
    np.testing.assert_allclose(block, expected_scores(inputs), atol=1e-6)


def test_earlier_block_leaves_no_trace(artifact: Any, inputs: np.ndarray) -> None:
    model = load_model(artifact.directory)
    first = model.score_inputs(inputs[:1])
    model.score_inputs(np.full((300, 3), 7.0, dtype=np.float32))
    np.testing.assert_array_equal(model.score_inputs(inputs[:1]), first)


def test_column_of_a_wide_output_is_taken(
    artifact: Any, graph_with: Any, inputs: np.ndarray, expected_scores: Any
) -> None:
    nodes = [
        helper.make_node("Sigmoid", ["logit"], ["one"]),
        helper.make_node("Neg", ["logit"], ["minus"]),
        helper.make_node("Sigmoid", ["minus"], ["zero"]),
        helper.make_node("Concat", ["zero", "one"], ["probability"], axis=1),
    ]
    declared = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 2])]
    artifact.graph = graph_with(last=nodes, outputs=declared)
    artifact.manifest["output"]["column"] = 1
    scores = load_model(artifact.write()).score_inputs(inputs)
    np.testing.assert_allclose(scores, expected_scores(inputs), atol=1e-6)


def test_output_without_columns_is_taken(
    artifact: Any, graph_with: Any, inputs: np.ndarray, expected_scores: Any
) -> None:
    nodes = [
        helper.make_node("Sigmoid", ["logit"], ["wide"]),
        helper.make_node("Constant", [], ["axis"], value_ints=[1]),
        helper.make_node("Squeeze", ["wide", "axis"], ["probability"]),
    ]
    declared = [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None])]
    artifact.graph = graph_with(last=nodes, outputs=declared)
    scores = load_model(artifact.write()).score_inputs(inputs)
    np.testing.assert_allclose(scores, expected_scores(inputs), atol=1e-6)


def calibrated(artifact: Any, graph_with: Any, center: float, scale: float) -> Any:
    declared = [helper.make_tensor_value_info("logit", TensorProto.FLOAT, [None, 1])]
    artifact.graph = graph_with(
        last=[helper.make_node("Identity", ["logit"], ["unused"])], outputs=declared
    )
    artifact.manifest["output"] = {
        "name": "logit",
        "kind": "score",
        "calibration": {"center": center, "scale": scale},
    }
    rows = np.array(artifact.golden["inputs"]) @ [0.5, -0.25, 2.0] - 1.0
    with np.errstate(over="ignore"):
        artifact.golden["outputs"] = (1 / (1 + np.exp(-(rows - center) / scale))).tolist()
    return load_model(artifact.write())


def test_score_is_calibrated(artifact: Any, graph_with: Any, inputs: np.ndarray) -> None:
    model = calibrated(artifact, graph_with, center=-1.0, scale=2.0)
    assert model.score_inputs(inputs[:1])[0] == 0.5
    rising = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2]], dtype=np.float32)
    assert np.all(np.diff(model.score_inputs(rising)) > 0)


def test_far_off_score_is_calibrated_without_a_warning(artifact: Any, graph_with: Any) -> None:
    model = calibrated(artifact, graph_with, center=0.0, scale=0.001)
    far = np.array([[-1e6, 0, 0], [1e6, 0, 0]], dtype=np.float32)
    np.testing.assert_array_equal(model.score_inputs(far), [0.0, 1.0])


@pytest.mark.parametrize("rows", [1, 5])
def test_infinity_is_refused_as_not_finite(artifact: Any, graph_with: Any, rows: int) -> None:
    artifact.graph = graph_with(last=[helper.make_node("Exp", ["logit"], ["probability"])])
    artifact.golden = {"inputs": [[0.0, 0.0, 0.0]], "outputs": [float(np.exp(-1))]}
    model = read_artifact(artifact.write())[0]
    inputs = np.zeros((rows, 3), dtype=np.float32)
    inputs[-1, 0] = 1e6
    with pytest.raises(ModelError, match="not finite") as raised:
        model.score_inputs(inputs)
    assert raised.value.reason == "MODEL_NOT_FINITE"


@pytest.mark.parametrize("rows", [1, 5])
def test_nan_is_refused_as_not_finite(artifact: Any, graph_with: Any, rows: int) -> None:
    artifact.graph = graph_with(last=[helper.make_node("Sqrt", ["logit"], ["probability"])])
    artifact.golden = {"inputs": [[2.5, 0.0, 0.0]], "outputs": [0.5]}
    model = read_artifact(artifact.write())[0]
    inputs = np.full((rows, 3), (2.5, 0.0, 0.0), dtype=np.float32)
    inputs[-1, 0] = -9.0
    with pytest.raises(ModelError, match="not finite") as raised:
        model.score_inputs(inputs)
    assert raised.value.reason == "MODEL_NOT_FINITE"


@pytest.mark.parametrize("rows", [1, 5])
def test_probability_above_one_is_refused(artifact: Any, graph_with: Any, rows: int) -> None:
    artifact.graph = graph_with(last=[helper.make_node("Exp", ["logit"], ["probability"])])
    artifact.golden = {"inputs": [[0.0, 0.0, 0.0]], "outputs": [float(np.exp(-1))]}
    model = read_artifact(artifact.write())[0]
    inputs = np.zeros((rows, 3), dtype=np.float32)
    inputs[-1, 0] = 4.0
    with pytest.raises(ModelError, match="where a probability was declared") as raised:
        model.score_inputs(inputs)
    assert raised.value.reason == "MODEL_FAILED"


def test_failed_call_leaves_the_model_usable(artifact: Any, graph_with: Any) -> None:
    artifact.graph = graph_with(last=[helper.make_node("Exp", ["logit"], ["probability"])])
    artifact.golden = {"inputs": [[0.0, 0.0, 0.0]], "outputs": [float(np.exp(-1))]}
    model = read_artifact(artifact.write())[0]
    with pytest.raises(ModelError):
        model.score_inputs(np.full((1, 3), 9.0, dtype=np.float32))
    score = model.score_inputs(np.zeros((1, 3), dtype=np.float32))[0]
    assert score == pytest.approx(np.exp(-1))


def test_wrong_width_is_refused(artifact: Any) -> None:
    model = load_model(artifact.directory)
    with pytest.raises(ModelError, match="features must be"):
        model.score(np.zeros((2, 3), dtype=np.float32), np.empty(2))


def test_short_out_is_refused(artifact: Any) -> None:
    model = load_model(artifact.directory)
    with pytest.raises(ModelError, match="out"):
        model.score(np.zeros((2, FEATURE_COUNT), dtype=np.float32), np.empty(1))


def test_threads_get_their_own_answers(artifact: Any) -> None:
    model = load_model(artifact.directory)
    rng = np.random.default_rng(4)
    blocks = [rng.normal(0, 2, (90, 3)).astype(np.float32) for _ in range(4)]
    truths = [model.score_inputs(block) for block in blocks]
    wrong: list[int] = []

    def work(number: int) -> None:
        answers = [model.score_inputs(blocks[number]) for _ in range(60)]
        wrong.extend(number for each in answers if not np.array_equal(each, truths[number]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
