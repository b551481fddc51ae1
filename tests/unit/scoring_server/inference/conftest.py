"""The small artifact of tests/support/model_artifacts.py, which tests break."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.model_artifacts import INPUTS, Artifact, expected, linear_graph


@pytest.fixture
def make_artifact(tmp_path: Path) -> Callable[..., Artifact]:
    """Return a maker of sound artifacts below `tmp_path/models`."""

    def make(name: str = "linear", version: str = "1") -> Artifact:
        return Artifact(tmp_path / "models" / name / version)

    return make


@pytest.fixture
def artifact(make_artifact: Callable[..., Artifact]) -> Artifact:
    """Return a sound artifact."""
    return make_artifact()


@pytest.fixture
def graph_with() -> Callable[..., bytes]:
    """Return a maker of serialised variants of the graph; see linear_graph."""

    def make(**changes: Any) -> bytes:
        return linear_graph(**changes).SerializeToString()

    return make


@pytest.fixture
def inputs() -> np.ndarray:
    """Return the inputs of the golden vectors."""
    return INPUTS.copy()


@pytest.fixture
def expected_scores() -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that the artifact must compute."""
    return expected
