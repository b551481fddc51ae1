"""Benchmark series run through the engine as trades, and nothing to come is seen."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from models.nab import NabFile, price_of, run_nab
from scoring_server.errors import InvalidArgumentError
from tests.unit.models.test_model_commands import run

_ROWS = 1_000
_BURST = slice(600, 620)


def _write(path: Path, **replaced: object) -> Path:
    values = np.random.default_rng(5).normal(50.0, 1.0, _ROWS)
    values[_BURST] += 500.0
    windows = np.zeros(_ROWS, np.int16)
    windows[_BURST] = 1
    start = np.datetime64("2026-01-01T00:00:00", "us")
    columns = {
        "series": ["a"] * _ROWS,
        "timestamp": start + np.arange(_ROWS) * np.timedelta64(5, "m"),
        "value": values,
        "window": windows,
    }
    columns |= replaced
    kept = {name: column for name, column in columns.items() if column is not None}
    parquet.write_table(pa.table(kept), path)
    return path


def test_a_burst_is_found_at_once(tmp_path: Path) -> None:
    figures = run_nab(NabFile(_write(tmp_path / "s.parquet")))
    assert figures["nab_standard_news"] == pytest.approx(100.0)
    assert figures["news"]["windows_found"] == figures["windows"] == 1


def test_the_command_ends_with_one_json_line(tmp_path: Path) -> None:
    path = _write(tmp_path / "s.parquet")
    figures = json.loads(run("backtest", str(path), "--protocol", "nab", "--json").stdout)
    assert {"nab_standard", "tps"} <= figures.keys()


def test_prices_are_positive_and_rise_with_values() -> None:
    prices = price_of(np.array([-1e300, -22.0, 0.0, 1e-6, 5.0, 1e300]))
    assert prices.min() >= 1
    assert np.all(np.diff(prices) > 0)


@pytest.mark.parametrize(
    ("replaced", "told"),
    [
        ({"window": None}, "missing: window"),
        ({"value": np.full(_ROWS, np.nan)}, "finite"),
        ({"series": [None] * _ROWS}, "empty cells"),
    ],
)
def test_a_file_that_is_no_benchmark_is_refused(
    tmp_path: Path, replaced: dict[str, object], told: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=told):
        NabFile(_write(tmp_path / "s.parquet", **replaced))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="Parquet"):
        NabFile(tmp_path / "none.parquet")
