"""What every example begins and ends with: features as they were served, and samples to pack."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

FEATURES = [
    "amount",
    "account_tx_count_1h",
    "account_tx_count_24h",
    "account_amount_z",
    "account_amount_max_ratio",
    "account_new_payee",
    "account_new_device",
    "merchant_tx_count_1h",
    "merchant_amount_z",
    "device_tx_count_24h",
]
SAMPLE_COUNT = 1_000


def read() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs and labels of the earlier four fifths, and inputs of the rest."""
    table = pd.read_parquet(sys.argv[1])
    inputs = table[FEATURES].to_numpy(np.float32)
    cut = len(table) * 4 // 5
    return inputs[:cut], (table["label"] == 1).to_numpy()[:cut], inputs[cut:]


def out(name: str) -> Path:
    """Return the path of a file in the folder that the second argument names."""
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def some(later: np.ndarray) -> np.ndarray:
    """Return rows to show the model's scores for."""
    return later[:: max(1, len(later) // SAMPLE_COUNT)][:SAMPLE_COUNT]


def write_samples(inputs: np.ndarray, scores: np.ndarray) -> None:
    """Write rows with the framework's own scores for `anomaly model pack`."""
    samples = pd.DataFrame(inputs, columns=FEATURES).assign(score=np.ravel(scores))
    samples.to_csv(out("samples.csv"), index=False)
