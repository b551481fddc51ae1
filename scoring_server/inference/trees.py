"""Plain ensembles of trees, which a kernel runs several times faster than ONNX Runtime does.

Imported only while a model is loaded. A graph is taken over when it is nothing but one
TreeEnsembleRegressor and the logistic of its sum, and only after the kernel has given the scores
of ONNX Runtime on rows that lie on, next to and between all thresholds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from scoring_server.kernels.trees import GROUP_SIZE, NODE, tree_scores

# Numba's own stubs know nothing of a compiled kernel's arguments.
_tree_scores: Callable[..., None] = tree_scores

# ONNX Runtime takes the logistic by a rational approximation in float32; the sums are equal.
# Measured: at most 1.2e-7, two steps of a float32 below 1.
DISTANCE_MAX = 2.5e-7
_SAMPLE_ROWS = 2_048
_SEED = 20260103
_LEAF = b"LEAF"
_AT_MOST = b"BRANCH_LEQ"


@dataclass(frozen=True, slots=True)
class Trees:
    """An ensemble as the kernel takes it.

    Attributes:
        nodes: NODE records.
        values: of the leaves, by node.
        roots: of the trees, deepest first, filled up with empty trees to whole groups.
        depths: like roots.
        order: like roots: place in the ensemble.
        base: added to the sum.
    """

    nodes: NDArray[Any]
    values: NDArray[np.float32]
    roots: NDArray[np.uint32]
    depths: NDArray[np.int64]
    order: NDArray[np.int64]
    base: np.float32

    def score(self, features: NDArray[np.float32], out: NDArray[np.float64]) -> None:
        """Write the score of each row; threads may share it."""
        leaves = np.empty(len(self.roots), np.float32)
        _tree_scores(
            features, self.nodes, self.values, self.roots, self.depths, self.order, self.base,
            leaves, out,
        )  # fmt: skip

    def sample(self, columns: NDArray[np.intp], width: int) -> NDArray[np.float32]:
        """Return rows whose values lie on, next to and between the thresholds of their columns."""
        random = np.random.default_rng(_SEED)
        rows = np.zeros((_SAMPLE_ROWS, width), np.float32)
        inner = self.nodes["yes"] != np.arange(len(self.nodes))
        for column in columns.tolist():
            thresholds = np.unique(
                self.nodes["threshold"][inner & (self.nodes["column"] == column)]
            )
            if not thresholds.size:
                continue
            around = np.concatenate(
                [
                    thresholds,
                    np.nextafter(thresholds, np.float32(-np.inf)),
                    np.nextafter(thresholds, np.float32(np.inf)),
                    (thresholds[1:] + thresholds[:-1]) / 2,
                    [0.0],
                ]
            )
            rows[:, column] = random.choice(around, _SAMPLE_ROWS)
        return rows


def plain_trees(content: bytes, columns: NDArray[np.intp]) -> Trees | None:
    """Return the ensemble that a checked graph is; None when it is anything else.

    Args:
        content: bytes of model.onnx.
        columns: catalogue column of each of its inputs.
    """
    graph = onnx.load_model_from_string(content).graph
    if [node.op_type for node in graph.node] != ["TreeEnsembleRegressor", "Sigmoid"]:
        return None
    ensemble, logistic = graph.node
    if (
        list(ensemble.input) != [graph.input[0].name]
        or list(logistic.input) != list(ensemble.output)
        or list(logistic.output) != [graph.output[0].name]
        or len(graph.output) != 1
    ):
        return None
    given = {each.name: onnx.helper.get_attribute_value(each) for each in ensemble.attribute}
    usual = (
        given.get("aggregate_function", b"SUM") == b"SUM"
        and given.get("post_transform", b"NONE") == b"NONE"
        and given.get("n_targets", 1) == 1
        and set(given.get("nodes_modes", ())) <= {_LEAF, _AT_MOST}
        and all(name in given for name in ("nodes_values", "target_weights"))
    )
    return _built(given, columns) if usual else None


def _built(given: dict[str, Any], columns: NDArray[np.intp]) -> Trees | None:
    trees, numbers = given["nodes_treeids"], given["nodes_nodeids"]
    place_of = {key: place for place, key in enumerate(zip(trees, numbers, strict=True))}
    count = len(place_of)
    # One more node: the empty tree that fills up the last group.
    nodes = np.zeros(count + 1, NODE)
    nodes["yes"] = nodes["no"] = np.arange(count + 1)
    values = np.zeros(count + 1, np.float32)
    for place, mode in enumerate(given["nodes_modes"]):
        if mode == _LEAF:
            continue
        tree = trees[place]
        nodes[place] = (
            given["nodes_values"][place],
            columns[given["nodes_featureids"][place]],
            place_of[tree, given["nodes_truenodeids"][place]],
            place_of[tree, given["nodes_falsenodeids"][place]],
        )
    leaves = zip(given["target_treeids"], given["target_nodeids"], strict=True)
    for key, weight in zip(leaves, given["target_weights"], strict=True):
        values[place_of[key]] += np.float32(weight)
    roots = [place_of[tree, 0] for tree in dict.fromkeys(trees) if (tree, 0) in place_of]
    depths = [_depth(nodes, root) for root in roots]
    if len(roots) != len(set(trees)) or not roots or -1 in depths:
        return None
    missing = -len(roots) % GROUP_SIZE
    all_roots = np.array(roots + [count] * missing, np.uint32)
    all_depths = np.array(depths + [0] * missing)
    order = np.argsort(-all_depths, kind="stable")
    base = given.get("base_values") or [0.0]
    return Trees(nodes, values, all_roots[order], all_depths[order], order, np.float32(base[0]))


def _depth(nodes: NDArray[Any], root: int) -> int:
    """Return the most steps from a root to a leaf; -1 when nodes lead back to themselves."""
    level = {root}
    for steps in range(len(nodes)):
        inner = [place for place in level if nodes[place]["yes"] != place]
        if not inner:
            return steps
        level = {int(nodes[place][way]) for place in inner for way in ("yes", "no")}
    return -1
