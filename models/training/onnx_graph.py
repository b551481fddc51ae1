"""Writes gradient-boosted trees of scikit-learn as an ONNX graph: one tree ensemble, one sigmoid.

Written by hand because the graph should be as plain as it can be, the same bytes for the same
trees, and free of a converter that lags behind scikit-learn and onnx.
"""

from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier

OPSET: Final = 21
ML_OPSET: Final = 3
# The file format that opset 21 came with (ONNX 1.16).
IR_VERSION: Final = 10
INPUT_NAME: Final = "features"
OUTPUT_NAME: Final = "probability"


def gradient_boosting_to_onnx(
    classifier: HistGradientBoostingClassifier, feature_count: int, graph_name: str
) -> bytes:
    """Return the serialised graph of a fitted two-class model, the same bytes for the same trees.

    Its input is float32 (rows, feature_count), its output float32 (rows, 1): the probability of
    the second class. It equals the classifier on float32 input up to the rounding of sums.

    Args:
        classifier: fitted on numerical features only, for two classes.
        feature_count: number of input columns.
        graph_name: name of the graph.
    """
    # scikit-learn has no public way to its trees; what stands here is checked against
    # predict_proba at each export.
    predictors: list[list[Any]] = classifier._predictors  # noqa: SLF001
    baseline = float(np.ravel(classifier._baseline_prediction)[0])  # noqa: SLF001
    columns: dict[str, Any] = {}
    for tree_index, (tree,) in enumerate(predictors):
        for node_index, node in enumerate(tree.nodes):
            _append(columns, _node_attributes(tree_index, node_index, node))
            if node["is_leaf"]:
                _append(columns, _leaf_attributes(tree_index, node_index, node))
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT_NAME],
        ["logit"],
        domain="ai.onnx.ml",
        n_targets=1,
        base_values=[baseline],
        aggregate_function="SUM",
        post_transform="NONE",
        **columns,
    )
    graph = helper.make_graph(
        [ensemble, helper.make_node("Sigmoid", ["logit"], [OUTPUT_NAME])],
        graph_name,
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, [None, feature_count])],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, [None, 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid("ai.onnx.ml", ML_OPSET),
        ],
        ir_version=IR_VERSION,
        producer_name="anomaly",
        producer_version="",
        doc_string="",
    )
    onnx.checker.check_model(model)
    serialised: bytes = model.SerializeToString(deterministic=True)
    return serialised


def _node_attributes(tree_index: int, node_index: int, node: Any) -> dict[str, Any]:
    leaf = bool(node["is_leaf"])
    return {
        "nodes_treeids": tree_index,
        "nodes_nodeids": node_index,
        "nodes_featureids": 0 if leaf else int(node["feature_idx"]),
        "nodes_modes": "LEAF" if leaf else "BRANCH_LEQ",
        "nodes_values": 0.0 if leaf else _threshold(float(node["num_threshold"])),
        "nodes_truenodeids": 0 if leaf else int(node["left"]),
        "nodes_falsenodeids": 0 if leaf else int(node["right"]),
        "nodes_missing_value_tracks_true": 0 if leaf else int(node["missing_go_to_left"]),
    }


def _leaf_attributes(tree_index: int, node_index: int, node: Any) -> dict[str, Any]:
    return {
        "target_treeids": tree_index,
        "target_nodeids": node_index,
        "target_ids": 0,
        "target_weights": float(node["value"]),
    }


def _threshold(value: float) -> float:
    """Return the largest float32 that is not above `value`.

    A float32 input is at most the one exactly when it is at most the other, so that no input takes
    another branch than it does in scikit-learn.
    """
    nearest = np.float32(value)
    if float(nearest) > value:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    return float(nearest)


def _append(columns: dict[str, list[Any]], attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        columns.setdefault(name, []).append(value)
