from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from scoring_server.catalogue import FEATURE_COUNT
from scoring_server.inference import artifact
from scoring_server.inference.artifact import load_model
from scoring_server.inference.trees import DISTANCE_MAX, plain_trees

DEFAULT = Path(__file__).parents[4] / "models" / "default" / "1"
WIDTH = 5
COLUMNS = np.array([7, 3, 60, 0, 21], np.intp)


NODE_ATTRIBUTES = tuple(
    f"nodes_{name}"
    for name in (
        *("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids"),
    )
)
TARGET_ATTRIBUTES = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def grown(random: np.random.Generator, tree_count: int, depth_max: int) -> dict[str, list]:
    """Return the attributes of random trees."""
    given: dict[str, list] = {name: [] for name in (*NODE_ATTRIBUTES, *TARGET_ATTRIBUTES)}

    def grow(tree: int, numbers: list[int], depth: int) -> int:
        number = len(numbers)
        numbers.append(number)
        place = len(given["nodes_nodeids"])
        is_leaf = depth == depth_max or random.random() < 0.3
        given["nodes_treeids"].append(tree)
        given["nodes_nodeids"].append(number)
        given["nodes_featureids"].append(int(random.integers(WIDTH)))
        given["nodes_modes"].append("LEAF" if is_leaf else "BRANCH_LEQ")
        given["nodes_values"].append(float(np.float32(random.normal())))
        given["nodes_truenodeids"].append(0)
        given["nodes_falsenodeids"].append(0)
        if is_leaf:
            given["target_treeids"].append(tree)
            given["target_nodeids"].append(number)
            given["target_ids"].append(0)
            given["target_weights"].append(float(np.float32(random.normal() / 3)))
        else:
            given["nodes_truenodeids"][place] = grow(tree, numbers, depth + 1)
            given["nodes_falsenodeids"][place] = grow(tree, numbers, depth + 1)
        return number

    for tree in range(tree_count):
        grow(tree, [], 0)
    return given


def graph_of(attributes: dict[str, list], *, last: str = "Sigmoid", **others) -> bytes:
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["logit"],
        domain="ai.onnx.ml",
        n_targets=1,
        **{"base_values": [-0.5], **attributes, **others},
    )
    graph = helper.make_graph(
        [ensemble, helper.make_node(last, ["logit"], ["probability"])],
        "trees",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, WIDTH])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(0, 6))
def test_scores_are_those_of_onnx_runtime(seed, tree_count, depth_max):
    random = np.random.default_rng(seed)
    content = graph_of(grown(random, tree_count, depth_max))
    subject = plain_trees(content, COLUMNS)
    assert subject is not None
    rows = subject.sample(COLUMNS, FEATURE_COUNT)
    scores = np.empty(len(rows))
    subject.score(rows, scores)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"features": np.ascontiguousarray(rows[:, COLUMNS])})
    assert np.abs(scores - expected[:, 0]).max() <= DISTANCE_MAX


def test_default_model_is_run_by_the_kernel():
    assert load_model(DEFAULT)._trees is not None


def test_kernel_that_scores_otherwise_is_not_used(monkeypatch):
    def wrong(content, columns):
        subject = plain_trees(content, columns)
        subject.values[:] *= 1.001
        return subject

    monkeypatch.setattr(artifact, "plain_trees", wrong)
    assert load_model(DEFAULT)._trees is None


def test_sample_asks_on_both_sides_of_every_kind_of_threshold():
    content = (DEFAULT / "model.onnx").read_bytes()
    ensemble = onnx.load_model_from_string(content).graph.node[0]
    width = 1 + max(onnx.helper.get_attribute_value(
        next(each for each in ensemble.attribute if each.name == "nodes_featureids")
    ))  # fmt: skip
    subject = plain_trees(content, np.arange(width))
    rows = subject.sample(np.arange(width), width)
    inner = subject.nodes["yes"] != np.arange(len(subject.nodes))
    for column in range(width):
        thresholds = subject.nodes["threshold"][inner & (subject.nodes["column"] == column)]
        if thresholds.size:
            assert np.isin(rows[:, column], thresholds).any()
            assert not np.isin(rows[:, column], thresholds).all()


@pytest.mark.parametrize(
    "others",
    [
        {"last": "Abs"},
        {"post_transform": "LOGISTIC"},
        {"aggregate_function": "AVERAGE"},
        {"nodes_modes": None},
    ],
    ids=str,
)
def test_other_graphs_are_left_to_onnx_runtime(others):
    attributes = grown(np.random.default_rng(1), 3, 3)
    if "nodes_modes" in others:
        modes = [
            "BRANCH_LT" if mode == "BRANCH_LEQ" else mode for mode in attributes["nodes_modes"]
        ]
        others = {"nodes_modes": modes}
    assert plain_trees(graph_of(attributes, **others), COLUMNS) is None


def test_graph_of_other_nodes_is_left_to_onnx_runtime():
    node = helper.make_node("Sigmoid", ["features"], ["probability"])
    shapes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1])
        for name in ("features", "probability")
    ]
    graph = helper.make_graph([node], "none", shapes[:1], shapes[1:])
    assert plain_trees(helper.make_model(graph).SerializeToString(), COLUMNS) is None


def test_row_scores_the_same_alone_and_in_a_block():
    subject = plain_trees(graph_of(grown(np.random.default_rng(2), 30, 6)), COLUMNS)
    rows = subject.sample(COLUMNS, FEATURE_COUNT)[:100]
    together, alone = np.empty(100), np.empty(100)
    subject.score(rows, together)
    for place in range(100):
        subject.score(rows[place : place + 1], alone[place : place + 1])
    assert together.tolist() == alone.tolist()
