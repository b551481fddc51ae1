"""`anomaly simulate`: make a history, write it, say what is in it."""

import tempfile
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from models.console import progress_bar, show
from models.simulation.payments import simulate_payments
from models.simulation.trades import simulate_trades
from scoring_server.errors import InvalidArgumentError

_WRITERS: Final[dict[str, Any]] = {".parquet": parquet.write_table, ".csv": csv.write_csv}


def write_simulation(
    out: Path,
    kind: str,
    transaction_count: int,
    day_count: int,
    seed: int,
    *,
    machine_readable: bool,
) -> None:
    """Write a simulated history to a file and show a summary.

    Raises:
        InvalidArgumentError: the name of the file ends in neither .parquet nor .csv, or its folder
            cannot be written to.
    """
    write = _WRITERS.get(out.suffix)
    if write is None:
        raise InvalidArgumentError(f"OUT must end in .parquet or .csv, was {out.name}")
    with progress_bar("simulating", total=1.0) as bar:
        run = simulate_trades if kind == "trades" else simulate_payments
        table = run(transaction_count, seed, day_count, on_progress=bar.say)
        bar.say("writing")
        _write(out, table, write)
    figures = {"file": str(out), "kind": kind, "seed": seed, **summary(table)}
    show("Simulation", figures, machine_readable=machine_readable)


def summary(table: pa.Table) -> dict[str, Any]:
    """Return counts of a canonical table with labels: rows, frauds and rows of each scenario."""
    counts = pc.value_counts(table["scenario"]).to_pylist()
    scenarios = sorted((each["values"], each["counts"]) for each in counts)
    frauds = pc.sum(table["label"]).as_py()
    return {
        "transactions": table.num_rows,
        "frauds": frauds,
        "fraud_ratio": round(frauds / table.num_rows, 6),
        "accounts": pc.count_distinct(table["account_id"]).as_py(),
        "scenarios": {name or "genuine": count for name, count in scenarios},
    }


def _write(out: Path, table: pa.Table, write: Any) -> None:
    try:
        # A half-written file would look like a short history.
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
            partial = Path(folder) / out.name
            write(table, partial)
            partial.replace(out)
    except OSError as error:
        raise InvalidArgumentError(f"{out} cannot be written: {error.strerror}") from error
