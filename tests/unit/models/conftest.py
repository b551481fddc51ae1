"""A small model, fitted once for all tests of this folder."""

from pathlib import Path

import pytest

from models.training.dataset import Dataset, build_dataset, read_history
from models.training.default_model import DefaultData, default_tables, train_default
from models.training.train import Fitted, Recipe, fit

SMALL_DATA = DefaultData(payment_count=40_000, card_count=30_000, trade_count=15_000, seed=5)
SMALL_RECIPE = Recipe(tree_count=20, leaf_count=8, learning_rate=0.2, leaf_rows_min=20)


@pytest.fixture(scope="session")
def small_data() -> DefaultData:
    return SMALL_DATA


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    return SMALL_RECIPE


@pytest.fixture(scope="session")
def streams() -> dict[str, Dataset]:
    tables = default_tables(SMALL_DATA)
    return {name: build_dataset(read_history(table)) for name, table in tables.items()}


@pytest.fixture(scope="session")
def fitted(streams: dict[str, Dataset]) -> Fitted:
    return fit(streams, SMALL_RECIPE)


@pytest.fixture(scope="session")
def small_model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model folder with the small model as default/1."""
    model_dir = tmp_path_factory.mktemp("models")
    train_default(model_dir / "default" / "1", SMALL_DATA, SMALL_RECIPE)
    return model_dir
