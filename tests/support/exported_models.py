"""Graphs that frameworks exported, with the history that they saw and the scores they gave."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from models.packing.pack import Samples
from models.simulation.payments import simulate_payments
from models.training.dataset import build_dataset, read_history
from scoring_server.catalogue import FEATURE_INDEX

FOLDER = Path(__file__).parent / "exported"
LATER_COUNT = 800
FRAMEWORKS = {
    "scikit_learn": "high",
    "isolation_forest": "low",
    "light_gbm": "high",
    "xg_boost": "high",
    "cat_boost": "high",
    "pytorch_classifier": "high",
    "pytorch_autoencoder": "high",
}
_EXAMPLES = Path(__file__).parents[2] / "docs/examples/common.py"


def features_of_examples() -> tuple[str, ...]:
    text = _EXAMPLES.read_text()
    listed = text[text.index("FEATURES = [") + len("FEATURES = [") : text.index("]")]
    return tuple(name.strip().strip('"') for name in listed.split(",") if name.strip())


def history() -> pa.Table:
    return simulate_payments(4_000, 1, day_count=30)


def samples(table: pa.Table) -> dict[str, Samples]:
    """Return the later rows with what each framework said to them."""
    features = features_of_examples()
    dataset = build_dataset(read_history(table, 7.0))
    columns = [FEATURE_INDEX[name] for name in features]
    inputs = np.ascontiguousarray(dataset.features[-LATER_COUNT:, columns])
    scores = csv.read_csv(FOLDER / "scores.csv")
    return {name: Samples(features, inputs, scores[name].to_numpy()) for name in FRAMEWORKS}
