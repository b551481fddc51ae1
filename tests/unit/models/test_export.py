"""An exported model scores as scikit-learn does, loads, and is the same bytes each time."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from models.training.card import model_card
from models.training.default_model import (
    DEFAULT_NAME,
    DEFAULT_VERSION,
    DefaultData,
    train_default,
)
from models.training.export import TOLERANCE, export, golden_vectors, verify
from models.training.features import DEFAULT_FEATURES
from models.training.onnx_graph import _threshold, gradient_boosting_to_onnx
from models.training.train import Fitted, Recipe, scores_of
from scoring_server.errors import ConflictError, InternalError
from scoring_server.inference.artifact import load_model
from scoring_server.inference.manifest import sha256_hex

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "models" / DEFAULT_NAME / DEFAULT_VERSION
FILES = ["README.md", "golden.json", "manifest.json", "model.onnx"]


def exported(fitted: Fitted, directory: Path, **options: bool) -> Path:
    export(
        fitted,
        directory,
        description="A test.",
        data="Made up.",
        fingerprint="0" * 64,
        seed=0,
        **options,
    )
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_exported_model_scores_as_the_classifier_does(fitted: Fitted, tmp_path: Path) -> None:
    model = load_model(exported(fitted, tmp_path / "m" / "1"))
    inputs = fitted.test_inputs[::3]
    np.testing.assert_allclose(
        model.score_inputs(inputs), scores_of(fitted.classifier, inputs), atol=TOLERANCE
    )


def test_inputs_on_a_threshold_take_the_same_branch(fitted: Fitted) -> None:
    # float32 inputs equal to, just below and just above each threshold of the first trees.
    graph = gradient_boosting_to_onnx(fitted.classifier, len(fitted.features), "t")
    base = fitted.test_inputs[len(fitted.test_inputs) // 2]
    rows = []
    for (tree,) in fitted.classifier._predictors[:5]:
        for node in tree.nodes[tree.nodes["is_leaf"] == 0]:
            exact = np.float32(node["num_threshold"])
            for value in (exact, np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf)):
                row = base.copy()
                row[node["feature_idx"]] = value
                rows.append(row)
    verify(graph, replace(fitted, test_inputs=np.array(rows, dtype=np.float32)))


@pytest.mark.parametrize("value", [0.1, 0.3, -0.1, -0.3, 0.5, 0.0, 16_777_217.0, 1e-46])
def test_threshold_is_the_largest_float32_not_above(value: float) -> None:
    threshold = np.float32(_threshold(value))
    assert float(threshold) <= value < float(np.nextafter(threshold, np.float32(np.inf)))


def test_graph_of_another_model_is_refused(fitted: Fitted) -> None:
    model = onnx.load_model_from_string(
        gradient_boosting_to_onnx(fitted.classifier, len(fitted.features), "t")
    )
    weights = next(a for a in model.graph.node[0].attribute if a.name == "target_weights")
    weights.floats[0] += 0.5
    with pytest.raises(InternalError, match="differs from the classifier"):
        verify(model.SerializeToString(), fitted)


def test_golden_vectors_cover_the_range_of_scores(fitted: Fitted) -> None:
    golden = golden_vectors(fitted)
    scores = scores_of(fitted.classifier, fitted.test_inputs)
    assert 20 <= len(golden.outputs) <= 64
    assert golden.outputs[0] == pytest.approx(scores.min(), abs=1e-8)
    assert golden.outputs[-1] == pytest.approx(scores.max(), abs=1e-8)
    assert list(golden.outputs) == sorted(golden.outputs)


def test_model_that_exists_is_never_changed(fitted: Fitted, tmp_path: Path) -> None:
    directory = exported(fitted, tmp_path / "m" / "1")
    before = contents(directory)
    with pytest.raises(ConflictError, match="choose another version"):
        exported(replace(fitted, threshold=0.9), directory)
    assert contents(directory) == before


def test_export_leaves_nothing_but_the_artifact(fitted: Fitted, tmp_path: Path) -> None:
    assert sorted(contents(exported(fitted, tmp_path / "m" / "1"))) == FILES


def test_training_twice_gives_the_same_bytes(
    small_model_dir: Path, small_data: DefaultData, small_recipe: Recipe, tmp_path: Path
) -> None:
    train_default(tmp_path / "default" / "1", small_data, small_recipe)
    assert contents(tmp_path / "default" / "1") == contents(small_model_dir / "default" / "1")


def test_training_in_another_process_with_one_thread_gives_the_same_bytes(
    small_model_dir: Path, tmp_path: Path
) -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from models.training.default_model import DefaultData, train_default;"
        "from models.training.train import Recipe;"
        "train_default(Path(sys.argv[1]), DefaultData(40_000, 30_000, 15_000, 5),"
        " Recipe(tree_count=20, leaf_count=8, learning_rate=0.2, leaf_rows_min=20))"
    )
    target = tmp_path / "default" / "1"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "7"}
    subprocess.run(
        [sys.executable, "-c", program, str(target)], check=True, cwd=ROOT, env=environment
    )
    assert contents(target) == contents(small_model_dir / "default" / "1")


def test_committed_default_model_is_what_its_manifest_says() -> None:
    model = load_model(COMMITTED)
    assert model.identity.sha256 == sha256_hex((COMMITTED / "model.onnx").read_bytes())
    assert model.identity.features == tuple(DEFAULT_FEATURES)
    assert sorted(contents(COMMITTED)) == FILES
    assert (COMMITTED / "model.onnx").stat().st_size < 2_000_000
    assert 32 <= len(json.loads((COMMITTED / "golden.json").read_text())["outputs"]) <= 64


def test_committed_card_is_made_from_the_committed_manifest() -> None:
    manifest = load_model(COMMITTED).manifest
    assert (COMMITTED / "README.md").read_text() == model_card(manifest)


def test_committed_model_is_no_worse_than_its_card_promises_to_be_useful() -> None:
    metrics = load_model(COMMITTED).manifest.metrics
    for stream, auc, precision in (
        ("payments", 0.95, 0.5),
        ("cards", 0.9, 0.25),
        ("trades", 0.9, 0.5),
    ):
        assert metrics[f"{stream}.auc_roc"] > auc
        assert metrics[f"{stream}.precision_at_budget"] > precision
