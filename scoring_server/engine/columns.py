"""From a canonical table (columns named as the fields of the protocol) to TRANSACTION records.

A backtest and training read whole files; this is their counterpart of the converters that turn
one protocol message into one record, and a test holds the two equal.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring_server.currencies import minor_unit_exponent, reporting_limit
from scoring_server.kernels import seeds
from scoring_server.kernels.dtypes import KIND_PAYMENT, KIND_TRADE, TRANSACTION
from scoring_server.kernels.hashing import hash_strings
from scoring_server.state import keys

NANOS = 1e9
MICROS = 1e6


def payments_from_table(table: pa.Table) -> NDArray[Any]:
    """Return payments as TRANSACTION records, shape (rows,), in the order of the table.

    Args:
        table: canonical table; transaction_id, event_time, account_id, amount_minor and currency
            are needed, other columns may be missing. Values are taken to be valid.
    """
    rows = _common(table, KIND_PAYMENT, seeds.SEED_ACCOUNT)
    payees = [
        _key_column(table, "terminal_id", seeds.SEED_TERMINAL),
        _key_column(table, "merchant_id", seeds.SEED_MERCHANT),
        _key_column(table, "counterparty_account_id", seeds.SEED_ACCOUNT),
    ]
    rows["counterparty_key"] = payees[2]
    rows["merchant_key"] = np.where(
        payees[0] != 0, payees[0], np.where(payees[1] != 0, payees[1], payees[2])
    )
    rows["ip_key"] = _key_column(table, "ip_address", seeds.SEED_IP)
    rows["card_bin_key"] = _key_column(table, "card_bin", seeds.SEED_CARD_BIN)
    divisors = _by_value(table, "currency", lambda code: 10.0 ** minor_unit_exponent(code))
    rows["amount"] = _numbers(table, "amount_minor", 0) / divisors
    rows["latitude_deg"] = _numbers(table, "latitude_deg", np.nan)
    rows["longitude_deg"] = _numbers(table, "longitude_deg", np.nan)
    rows["reporting_limit"] = _by_value(table, "currency", reporting_limit)
    rows["country"] = _by_value(table, "country", keys.pack_letters)
    rows["mcc"] = _numbers(table, "mcc", 0)
    rows["channel"] = _numbers(table, "channel", 0)
    return rows


def trades_from_table(table: pa.Table) -> NDArray[Any]:
    """Return trades as TRANSACTION records, shape (rows,), in the order of the table.

    Args:
        table: canonical table with instrument_id, side, price_nanos, quantity_micros and currency
            beside transaction_id, event_time and account_id.
    """
    rows = _common(table, KIND_TRADE, seeds.SEED_TRADING_ACCOUNT)
    rows["instrument_key"] = _key_column(table, "instrument_id", seeds.SEED_INSTRUMENT)
    owners = _key_column(table, "owner_id", seeds.SEED_TRADING_ACCOUNT)
    rows["owner_key"] = np.where(owners != 0, owners, rows["account_key"])
    rows["price"] = _numbers(table, "price_nanos", 0) / NANOS
    rows["quantity"] = _numbers(table, "quantity_micros", 0) / MICROS
    rows["amount"] = rows["price"] * rows["quantity"]
    rows["latitude_deg"] = rows["longitude_deg"] = rows["reporting_limit"] = np.nan
    rows["side"] = _numbers(table, "side", 0)
    return rows


def _common(table: pa.Table, kind: int, account_seed: int) -> NDArray[Any]:
    rows = np.zeros(table.num_rows, TRANSACTION)
    rows["kind"] = kind
    rows["transaction_key"] = _key_column(table, "transaction_id", seeds.SEED_TRANSACTION)
    # Offline nothing is ever sent twice, so the content needs no key of its own.
    rows["content_key"] = 1
    times = table["event_time"].cast(pa.timestamp("ns", tz="UTC")).cast(pa.int64())
    rows["event_time_ns"] = times.to_numpy()
    rows["account_key"] = _key_column(table, "account_id", account_seed)
    rows["device_key"] = _key_column(table, "device_id", seeds.SEED_DEVICE)
    rows["currency"] = _by_value(table, "currency", keys.pack_letters)
    return rows


def _key_column(table: pa.Table, name: str, seed: int) -> NDArray[np.uint64]:
    out = np.zeros(table.num_rows, np.uint64)
    if name not in table.column_names or not table.num_rows:
        return out
    column = table[name].cast(pa.large_string()).combine_chunks().fill_null("")
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0)
    _, offsets_buffer, data_buffer = column.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)
    offsets = np.ascontiguousarray(offsets[column.offset : column.offset + len(column) + 1])
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, "u1")
    hash_strings(offsets, data, np.uint64(seed), out)
    return out


def _numbers(table: pa.Table, name: str, missing: float) -> NDArray[Any]:
    if name not in table.column_names:
        return np.full(table.num_rows, missing)
    filled: NDArray[Any] = pc.fill_null(table[name], missing).to_numpy()
    return filled


def _by_value(table: pa.Table, name: str, convert: Any) -> NDArray[Any]:
    """Return convert(value) for each row of a text column with few different values."""
    if name not in table.column_names:
        return np.zeros(table.num_rows, np.float64)
    encoded = pc.dictionary_encode(table[name].cast(pa.string()).fill_null("")).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0)
    converted = np.array([convert(value) for value in encoded.dictionary.to_pylist()])
    values: NDArray[Any] = converted[encoded.indices.to_numpy()]
    return values
