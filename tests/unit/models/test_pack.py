"""The score of an exported graph is found by what it gives, and what contradicts is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.packing.pack import Samples, pack, read_samples
from scoring_server.errors import ConflictError, InvalidArgumentError
from tests.support.exported_models import FOLDER, FRAMEWORKS, history, samples
from tests.support.model_artifacts import FEATURES, linear_graph

ROWS = np.random.default_rng(5).normal(0.0, 2.0, (200, 3)).astype(np.float32)
LOGITS = ROWS.astype(np.float64) @ [0.5, -0.25, 2.0] - 1.0


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., Any]:
    def make(graph: onnx.ModelProto, scores: np.ndarray, *, rows: np.ndarray = ROWS, **options):
        (tmp_path / "graph.onnx").write_bytes(graph.SerializeToString())
        return pack(
            tmp_path / "graph.onnx",
            Samples(tuple(FEATURES), rows, scores),
            tmp_path / "models" / "m" / "1",
            description="",
            **({"anomalous": "high", "alert_budget_ratio": 0.05} | options),
        )

    return make


def outputs(name: str, columns: int = 1) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, columns])]


def test_margin_is_served_as_the_probability_that_the_framework_gives(packed):
    graph = linear_graph(
        last=[helper.make_node("Identity", ["logit"], ["raw"])], outputs=outputs("raw")
    )
    probabilities = 1.0 / (1.0 + np.exp(-LOGITS))
    model, found = packed(graph, probabilities)
    assert found.form == "margin"
    assert model.score_inputs(ROWS) == pytest.approx(probabilities, abs=1e-6)
    assert np.mean(probabilities >= model.identity.threshold) == pytest.approx(0.05, abs=0.01)


def test_falling_score_is_turned_round(packed):
    graph = linear_graph(
        last=[helper.make_node("Identity", ["logit"], ["raw"])], outputs=outputs("raw")
    )
    # Low ones are anomalous: what is served must fall as they rise.
    model, found = packed(graph, LOGITS, anomalous="low")
    assert found.form == "negated"
    served = model.score_inputs(ROWS)
    # Ends of the range come together in float64, so the middle tells the order.
    middle = (served > 1e-6) & (served < 1 - 1e-6)
    assert np.all(np.diff(served[middle][np.argsort(LOGITS[middle])]) < 0)
    assert model.identity.threshold == pytest.approx(0.5, abs=0.05)


def test_reconstruction_is_served_as_its_distance_from_the_input(packed):
    half = helper.make_node("Mul", ["features", "half"], ["again"])
    graph = linear_graph(last=[half], outputs=outputs("again", 3))
    graph.graph.initializer.append(helper.make_tensor("half", TensorProto.FLOAT, [1], [0.5]))
    errors = ((ROWS * np.float32(0.5)) ** 2).mean(axis=1).astype(np.float64)
    model, found = packed(graph, errors)
    assert found.form == "reconstruction"
    served = model.score_inputs(ROWS)
    assert np.array_equal(np.argsort(served, kind="stable"), np.argsort(errors, kind="stable"))


def test_scores_of_another_model_are_refused_with_the_distance(packed):
    with pytest.raises(InvalidArgumentError, match=r"nearest, probability\[:, 0\] .* is off by"):
        packed(linear_graph(), np.linspace(0.0, 1.0, len(ROWS)))


def test_other_number_of_features_is_refused(packed):
    with pytest.raises(InvalidArgumentError, match=r"must be FLOAT \(rows, 3\)"):
        packed(
            helper.make_model(
                helper.make_graph(
                    [helper.make_node("Sigmoid", ["x"], ["y"])], "g", outputs("x", 4), outputs("y")
                )
            ),
            LOGITS,
        )


def test_version_that_exists_is_never_changed(packed):
    probabilities = 1.0 / (1.0 + np.exp(-LOGITS))
    packed(linear_graph(), probabilities)
    with pytest.raises(ConflictError, match="choose another version"):
        packed(linear_graph(), probabilities)


def test_unknown_columns_of_samples_are_named(tmp_path):
    (tmp_path / "samples.csv").write_text("amount,shoe_size,score\n1,2,0.5\n")
    with pytest.raises(InvalidArgumentError, match="unknown ones: shoe_size"):
        read_samples(tmp_path / "samples.csv")


def test_samples_are_read_in_the_order_of_their_columns(tmp_path):
    (tmp_path / "samples.csv").write_text("amount,score,hour_of_day\n1,0.5,3\n")
    read = read_samples(tmp_path / "samples.csv")
    assert read.features == ("amount", "hour_of_day")
    assert read.inputs.tolist() == [[1.0, 3.0]]


def test_each_framework_is_packed(tmp_path):
    known = samples(history())
    forms = {}
    for name, anomalous in FRAMEWORKS.items():
        model, found = pack(
            FOLDER / f"{name}.onnx",
            known[name],
            tmp_path / name / "1",
            description=name,
            anomalous=anomalous,
            alert_budget_ratio=0.01,
        )
        forms[name] = (found.name, found.column, found.form, model.manifest.output.kind)
    assert forms == {
        "scikit_learn": ("probabilities", 1, "as it is", "probability"),
        "isolation_forest": ("scores", 0, "negated", "score"),
        "light_gbm": ("probabilities", 1, "as it is", "probability"),
        "xg_boost": ("probabilities", 1, "as it is", "probability"),
        "cat_boost": ("probability_tensor", 1, "as it is", "probability"),
        "pytorch_classifier": ("logit", 0, "margin", "score"),
        "pytorch_autoencoder": ("error", 0, "as it is", "score"),
    }
