"""The features that raise a model's score are named, strongest first, against what is usual."""

from pathlib import Path

import numpy as np
import pytest

from scoring_server.catalogue import FEATURE_COUNT, FEATURE_INDEX
from scoring_server.engine.attribution import attributions
from scoring_server.inference.artifact import load_model
from tests.support.model_artifacts import FEATURES, Artifact


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return Artifact(tmp_path / "models" / "linear" / "1")


def row(**values: float) -> np.ndarray:
    features = np.zeros(FEATURE_COUNT, np.float32)
    for name, value in values.items():
        features[FEATURE_INDEX[name]] = value
    return features


def test_shares_are_those_of_a_linear_model(artifact):
    first, second, third = FEATURES
    model = load_model(artifact.directory)
    found = attributions(row(**{first: 2.0, second: 4.0, third: 1.5}), model)
    # Weights 0.5, -0.25 and 2: the second only lowers the score.
    assert [each.feature for each in found] == [third, first]
    assert [each.contribution for each in found] == pytest.approx([0.75, 0.25], abs=1e-4)
    assert [each.value for each in found] == [1.5, 2.0]


def test_baseline_is_the_middle_of_the_snapshot(artifact):
    third = FEATURES[2]
    artifact.manifest["snapshot"] = {
        third: {"edges": [1.0, 1.5, 3.0], "shares": [0.2, 0.4, 0.3, 0.1]}
    }
    artifact.write()
    model = load_model(artifact.directory)
    assert attributions(row(**{third: 1.5}), model) == []
    (found,) = attributions(row(**{third: 2.5}), model)
    assert (found.baseline, found.contribution) == (1.5, 1.0)
    assert "2.5" in found.sentence
    assert found.sentence.endswith("usual is 1.5 (100% of what raises the model's score)")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("account_new_payee", 1.0, "the account never paid this merchant or account before"),
        ("account_rate_surprise", 3.0, "at the account's own rate: one in 1,000"),
        ("account_hour_surprise", 5.0, "for the account: one in 32"),
        ("account_amount_z", 19.07, "usual amount: 19.07 standard deviations, usual is 0"),
        ("amount", 4_999.0, "amount of the transaction: 4,999.00, usual is 0.00"),
        ("account_amount_ratio", 322.2, "amount over the account's usual amount: 322.2, usual is"),
        ("account_gap_s", 86_400.0, "transaction: 86,400 s, usual is 0"),
    ],
)
def test_value_is_said_in_its_unit(artifact, name, value, said):
    artifact.manifest["features"] = [name, *FEATURES[1:]]
    artifact.manifest["snapshot"] = {name: {"edges": [0.0, 1.0], "shares": [0.9, 0.05, 0.05]}}
    artifact.write()
    model = load_model(artifact.directory)
    found = {each.feature: each for each in attributions(row(**{name: value}), model)}
    assert said in found[name].sentence
