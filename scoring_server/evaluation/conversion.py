"""Turn a column of any reasonable type into the canonical one, or say which value is in the way."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring_server.currencies import minor_unit_exponent
from scoring_server.errors import InvalidArgumentError

_TEXT = pa.string()
TIME_TYPE = pa.timestamp("ns", tz="UTC")
CANONICAL_TYPES: Final[dict[str, pa.DataType]] = {
    "transaction_id": _TEXT,
    "event_time": TIME_TYPE,
    "account_id": _TEXT,
    "merchant_id": _TEXT,
    "terminal_id": _TEXT,
    "device_id": _TEXT,
    "counterparty_account_id": _TEXT,
    "amount_minor": pa.int64(),
    "currency": _TEXT,
    "channel": pa.int32(),
    "mcc": pa.int32(),
    "country": _TEXT,
    "latitude_deg": pa.float64(),
    "longitude_deg": pa.float64(),
    "ip_address": _TEXT,
    "card_bin": _TEXT,
    "instrument_id": _TEXT,
    "side": pa.int32(),
    "price_nanos": pa.int64(),
    "quantity_micros": pa.int64(),
    "venue": _TEXT,
    "order_id": _TEXT,
    "owner_id": _TEXT,
    "label": pa.int8(),
    "scenario": _TEXT,
    "label_time": TIME_TYPE,
}
# Absent means null in these and empty text or 0 in all others.
_NULLABLE = frozenset({"latitude_deg", "longitude_deg", "label", "scenario", "label_time"})
_REQUIRED = frozenset({"transaction_id", "event_time", "account_id"})
# Names that a file may use for the values of the protocol's enums.
_ENUM_NAMES: Final[dict[str, dict[str, int]]] = {
    "channel": {"": 0, "POS": 1, "ECOM": 2, "ATM": 3, "TRANSFER": 4, "MOTO": 5},
    "side": {"BUY": 1, "SELL": 2},
}
# How far a float amount may lie from whole minor units: binary fractions of decimal amounts are not
# exact.
_MINOR_TOLERANCE = 1e-4
# Above this a float64 no longer tells neighbouring minor units apart.
_MINOR_MAX = 2**53


def convert_column(
    name: str,
    values: pa.ChunkedArray,
    time_unit: str,
    source: str,
    *,
    currency: pa.ChunkedArray | None = None,
) -> pa.ChunkedArray:
    """Return `values` as the canonical column `name`.

    Args:
        name: a key of CANONICAL_TYPES.
        values: the column of the file.
        time_unit: unit of numeric time columns.
        source: the column's name in the file, for messages.
        currency: given when `values` are amounts in major units of these currencies.

    Raises:
        InvalidArgumentError: a value does not fit; the column is named.
    """
    try:
        if currency is not None:
            return _major_to_minor(values, currency)
        if CANONICAL_TYPES[name] == TIME_TYPE:
            return _time(values, time_unit)
        if name in _ENUM_NAMES and pa.types.is_string(values.type):
            return _enum(values, _ENUM_NAMES[name])
        return values.cast(CANONICAL_TYPES[name])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise InvalidArgumentError(f"column {source} cannot be used as {name}: {error}") from error


def fill_absent(table: pa.Table) -> pa.Table:
    """Return the table with nulls only where absence has a meaning of its own.

    Raises:
        InvalidArgumentError: a required column has nulls.
    """
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if column.null_count and name in _REQUIRED:
            raise InvalidArgumentError(
                f"every transaction needs {name}, {column.null_count} have none"
            )
        if column.null_count and name not in _NULLABLE:
            column = column.fill_null("" if pa.types.is_string(column.type) else 0)
        columns[name] = column
    return pa.table(columns)


def _time(values: pa.ChunkedArray, time_unit: str) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_floating(kind):
        values = pc.round(pc.multiply(values, _per_second(time_unit))).cast(pa.int64())
        return values.cast(pa.timestamp("ns")).cast(TIME_TYPE)
    if pa.types.is_integer(kind):
        return values.cast(pa.int64()).cast(pa.timestamp(time_unit)).cast(TIME_TYPE)
    if pa.types.is_string(kind):
        try:
            return values.cast(TIME_TYPE)
        except pa.ArrowInvalid:
            # Text without a zone: the file's times are UTC.
            return values.cast(pa.timestamp("ns")).cast(TIME_TYPE)
    return values.cast(TIME_TYPE)


def _per_second(time_unit: str) -> float:
    return {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}[time_unit]


def _enum(values: pa.ChunkedArray, names: dict[str, int]) -> pa.ChunkedArray:
    upper = pc.utf8_upper(values.fill_null(""))
    index = pc.index_in(upper, value_set=pa.array(list(names)))
    if index.null_count:
        unknown = pc.unique(upper.filter(pc.is_null(index))).to_pylist()[:5]
        raise ValueError(f"allowed are {', '.join(filter(None, names))}, found {unknown}")
    return pa.chunked_array([pa.array(list(names.values()), pa.int32()).take(index)])


def _major_to_minor(values: pa.ChunkedArray, currency: pa.ChunkedArray) -> pa.ChunkedArray:
    amounts = values.cast(pa.float64()).to_numpy()
    codes = currency.combine_chunks().dictionary_encode()
    factors = np.array([10.0 ** minor_unit_exponent(code) for code in codes.dictionary.to_pylist()])
    exact = amounts * factors[codes.indices.to_numpy()]
    minor = np.rint(exact)
    bad = ~(np.abs(exact - minor) <= _MINOR_TOLERANCE) | (np.abs(minor) > _MINOR_MAX)
    if bad.any():
        row = int(np.argmax(bad))
        code = currency[row].as_py()
        raise ValueError(
            f"an amount has at most {minor_unit_exponent(code)} decimal digits in {code}, "
            f"row {row} has {amounts[row]!r}"
        )
    return pa.chunked_array([pa.array(minor.astype(np.int64))])
