"""Read a file of transactions into the canonical table, whatever its columns are called.

The canonical table has columns named as the fields of the protocol; a mapping says which column of
a file each of them comes from. Two mappings are built in, others are JSON files:

    {"columns": {"transaction_id": "id", "event_time": "time", "account_id": "card",
                 "amount_minor": "amount"},
     "constants": {"currency": "USD"}, "amount_unit": "major", "time_unit": "s"}
"""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from scoring_server.errors import InvalidArgumentError
from scoring_server.evaluation.conversion import CANONICAL_TYPES, convert_column, fill_absent

TRANSACTION_COLUMNS = ("transaction_id", "event_time", "account_id")
PAYMENT_COLUMNS = ("amount_minor", "currency")
TRADE_COLUMNS = ("instrument_id", "side", "price_nanos", "quantity_micros", "currency")

BUILT_IN_NAMES = ("auto", "canonical", "handbook")


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the canonical columns come from.

    Attributes:
        columns: canonical column -> column of the file.
        constants: canonical column -> the value that every row gets.
        amount_unit: unit of the column behind `amount_minor`.
        time_unit: unit of time columns that hold numbers since the Unix epoch.
    """

    columns: dict[str, str]
    constants: dict[str, str | int | float] = {}
    amount_unit: Literal["minor", "major"] = "minor"
    time_unit: Literal["s", "ms", "us", "ns"] = "s"


# The file that the Fraud-Detection-Handbook publishes; it names no currency, its authors pay in
# euro.
HANDBOOK = Mapping(
    columns={
        "transaction_id": "transaction_id",
        "event_time": "event_time",
        "account_id": "customer_id",
        "terminal_id": "terminal_id",
        "amount_minor": "amount",
        "label": "label",
        "scenario": "scenario",
    },
    constants={"currency": "EUR"},
    amount_unit="major",
)


def load_transactions(path: Path, mapping: str = "auto", limit: int | None = None) -> pa.Table:
    """Return the transactions of a CSV or Parquet file as a canonical table in event order.

    Args:
        path: a file whose name ends in .csv, .csv.gz or .parquet.
        mapping: `auto` (told by the columns), `canonical`, `handbook` or the path of a JSON mapping
            file.
        limit: keep only that many of the earliest transactions.

    Raises:
        InvalidArgumentError: the file or the mapping cannot be used; all that is wrong with the
            columns is named.
    """
    raw = _read(path)
    chosen = _mapping(mapping, raw.column_names)
    _check(chosen, raw.column_names, path)
    columns = {
        name: convert_column(name, raw[source], chosen.time_unit, source)
        for name, source in chosen.columns.items()
        if name != "amount_minor"
    }
    for name, value in chosen.constants.items():
        constant = pa.chunked_array([pa.repeat(value, raw.num_rows)])
        columns[name] = convert_column(name, constant, chosen.time_unit, name)
    if "amount_minor" in chosen.columns:
        source = chosen.columns["amount_minor"]
        currency = columns["currency"] if chosen.amount_unit == "major" else None
        columns["amount_minor"] = convert_column(
            "amount_minor", raw[source], chosen.time_unit, source, currency=currency
        )
    table = pa.table({name: columns[name] for name in CANONICAL_TYPES if name in columns})
    return _in_event_order(fill_absent(table), limit)


def _read(path: Path) -> pa.Table:
    if not path.is_file():
        raise InvalidArgumentError(f"{path} must be a CSV or Parquet file, found none there")
    try:
        if path.name.endswith(".parquet"):
            return parquet.read_table(path)
        if path.name.endswith((".csv", ".csv.gz")):
            return csv.read_csv(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error}") from error
    raise InvalidArgumentError(
        f"the name of a file must end in .parquet, .csv or .csv.gz, was {path.name}"
    )


def _mapping(mapping: str, found: list[str]) -> Mapping:
    if mapping == "handbook":
        return HANDBOOK
    canonical = Mapping(columns={name: name for name in CANONICAL_TYPES if name in found})
    if mapping == "canonical":
        return canonical
    if mapping != "auto":
        return _mapping_file(Path(mapping))
    if not _missing(canonical):
        return canonical
    if set(HANDBOOK.columns.values()) <= set(found):
        return HANDBOOK
    raise InvalidArgumentError(
        "the columns fit no built-in mapping; give a JSON mapping file. Columns found: "
        + ", ".join(found)
    )


def _mapping_file(path: Path) -> Mapping:
    if not path.is_file():
        allowed = ", ".join(BUILT_IN_NAMES)
        raise InvalidArgumentError(f"a mapping is {allowed} or a JSON file, was {path}")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Mapping)
    except (msgspec.DecodeError, OSError) as error:
        raise InvalidArgumentError(f"mapping {path}: {error}") from error


def _missing(mapping: Mapping) -> list[str]:
    given = mapping.columns.keys() | mapping.constants.keys()
    details = TRADE_COLUMNS if "instrument_id" in given else PAYMENT_COLUMNS
    return [name for name in (*TRANSACTION_COLUMNS, *details) if name not in given]


def _check(mapping: Mapping, found: list[str], path: Path) -> None:
    faults = [f"{name} is not mapped" for name in _missing(mapping)]
    for name in mapping.columns.keys() | mapping.constants.keys():
        if name not in CANONICAL_TYPES:
            faults.append(f"{name} is no canonical column (those are {', '.join(CANONICAL_TYPES)})")
        if name in mapping.columns and name in mapping.constants:
            faults.append(f"{name} is both a column and a constant")
    faults += [
        f"{name} should come from column {source}, which is not in the file"
        for name, source in mapping.columns.items()
        if source not in found
    ]
    if faults:
        raise InvalidArgumentError(
            f"{path.name} cannot be mapped: {'; '.join(sorted(faults))}. "
            f"Columns found: {', '.join(found)}"
        )


def _in_event_order(table: pa.Table, limit: int | None) -> pa.Table:
    times = table["event_time"].cast(pa.int64()).to_numpy()
    if np.any(times[1:] < times[:-1]):
        # Arrow's sort is stable: transactions of the same instant keep the order of the file.
        table = table.take(pc.sort_indices(table["event_time"]))
    return table if limit is None else table.slice(0, limit)
