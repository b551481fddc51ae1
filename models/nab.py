"""Series of the Numenta Anomaly Benchmark, each replayed as one instrument's trades.

The engine scores every tick before it learns it, with one configuration for all series; what
is judged is the statistical detector's score, which for an instrument looks at price and volume,
and what is new in the size of the served price change.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from models.training.dataset import History, read_history, replay_in_memory
from scoring_server.engine.assessment import Assessment
from scoring_server.errors import InvalidArgumentError
from scoring_server.evaluation.conversion import CANONICAL_TYPES, fill_absent
from scoring_server.evaluation.nab import NabScore, Series, nab_standard, news

COLUMNS: Final = ("series", "timestamp", "value", "window")
_NANOS: Final = 1e9
# The price of a larger value does not fit into 64 bits of nanos.
_VALUE_MAX: Final = 4e9
_BUY: Final = 1
_ONE_MICROS: Final = 1_000_000


class NabFile:
    """The series of a file, in event order as one history.

    Attributes:
        history: one trade a tick.
        series: name of each row's series.
        windows: 0 normal, k inside the series' k-th labelled window.
    """

    def __init__(self, path: Path) -> None:
        """Read a file.

        Args:
            path: Parquet with the columns series, timestamp, value and window.

        Raises:
            InvalidArgumentError: it cannot be read, or a column is missing.
        """
        table = _read(path)
        # Arrow's sort is stable: ticks of the same instant keep the order of the file.
        table = table.take(pc.sort_indices(table["timestamp"]))
        self.series: NDArray[np.str_] = _texts(table["series"]).astype(np.str_)
        self.windows: NDArray[np.int64] = table["window"].cast(pa.int64()).to_numpy()
        self.history: History = read_history(_trades(table, self.series))


def price_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return positive prices in nanos that rise with values of any sign.

    v + sqrt(v^2 + 1) is close to 2 v for large values, 1 for 0, and needs nothing of the series.
    """
    prices = np.exp(np.arcsinh(np.clip(values, -_VALUE_MAX, _VALUE_MAX))) * _NANOS
    nanos: NDArray[np.int64] = np.maximum(np.rint(prices), 1.0).astype(np.int64)
    return nanos


def run_nab(
    file: NabFile, on_progress: Callable[[int], None] = lambda _rows: None
) -> dict[str, Any]:
    """Return the benchmark's figures, ready for JSON.

    Args:
        file: the series.
        on_progress: called with the number of ticks done.
    """
    count = len(file.windows)
    scores, changes = np.empty(count), np.empty(count)

    def keep(first: int, assessment: Assessment) -> None:
        end = first + len(assessment.statistical)
        scores[first:end] = assessment.statistical
        changes[first:end] = np.abs(assessment.records["instrument_return_z"])
        on_progress(end)

    seconds = replay_in_memory(file.history, keep)
    names = np.unique(file.series).tolist()
    rows = {name: np.flatnonzero(file.series == name) for name in names}
    served = nab_standard([Series(file.windows[each], scores[each]) for each in rows.values()])
    new = nab_standard([Series(file.windows[each], news(changes[each])) for each in rows.values()])
    return {
        "protocol": "nab",
        "nab_standard": round(served.standard, 4),
        "nab_standard_news": round(new.standard, 4),
        "series": len(names),
        "windows": served.window_count,
        "served": _details(served),
        "news": _details(new),
        "tps": round(count / max(seconds, 1e-9), 1),
    }


def _details(found: NabScore) -> dict[str, Any]:
    return {
        # Without one nothing is a detection: silence would have been best.
        "threshold": found.threshold if np.isfinite(found.threshold) else None,
        "windows_found": found.found_count,
        "false_positives": found.false_positive_count,
    }


def _read(path: Path) -> pa.Table:
    try:
        table = parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidArgumentError(f"{path} cannot be read as Parquet: {error}") from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise InvalidArgumentError(
            f"{path.name} must have the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
        )
    table = table.select(list(COLUMNS))
    values = table["value"].to_numpy()
    if table.num_rows == 0 or any(column.null_count for column in table.columns):
        raise InvalidArgumentError(f"{path.name} must have rows, and no empty cells")
    if not np.isfinite(values).all():
        raise InvalidArgumentError(f"column value of {path.name} must be finite numbers")
    return table


def _trades(table: pa.Table, series: NDArray[np.str_]) -> pa.Table:
    count = table.num_rows
    columns: dict[str, Any] = {
        "transaction_id": np.arange(count).astype(np.str_).tolist(),
        "event_time": table["timestamp"].cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist(),
        "account_id": series.tolist(),
        "instrument_id": series.tolist(),
        "side": np.full(count, _BUY),
        "price_nanos": price_of(table["value"].to_numpy().astype(np.float64)),
        "quantity_micros": np.full(count, _ONE_MICROS),
        "currency": ["USD"] * count,
    }
    arrays = {
        name: pa.chunked_array([pa.array(values).cast(CANONICAL_TYPES[name])])
        for name, values in columns.items()
    }
    return fill_absent(pa.table({name: arrays[name] for name in CANONICAL_TYPES if name in arrays}))


def _texts(column: pa.ChunkedArray) -> NDArray[Any]:
    texts: NDArray[Any] = column.cast(pa.string()).to_numpy()
    return texts
