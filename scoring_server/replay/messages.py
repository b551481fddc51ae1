"""Rows of a canonical table as protocol messages."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from anomaly.v1 import label_service_pb2, transaction_pb2
from anomaly.v1.transaction_pb2 import Transaction
from google.protobuf.timestamp_pb2 import Timestamp

from scoring_server.clock import NS_PER_S

_PAYMENT_FIELDS = (
    "account_id",
    "merchant_id",
    "terminal_id",
    "device_id",
    "counterparty_account_id",
    "amount_minor",
    "currency",
    "channel",
    "mcc",
    "country",
    "ip_address",
    "card_bin",
)
_TRADE_FIELDS = (
    "account_id",
    "instrument_id",
    "side",
    "price_nanos",
    "quantity_micros",
    "currency",
    "venue",
    "order_id",
    "owner_id",
    "device_id",
)
_LABEL_VALUES = {
    0: label_service_pb2.LABEL_VALUE_LEGITIMATE,
    1: label_service_pb2.LABEL_VALUE_FRAUD,
}


def timestamp(time_ns: int) -> Timestamp:
    """Return an instant, nanoseconds since the Unix epoch, as a message."""
    seconds, nanos = divmod(time_ns, NS_PER_S)
    return Timestamp(seconds=seconds, nanos=nanos)


def transactions(table: pa.Table) -> list[Transaction]:
    """Return each row of a canonical table as a transaction: a trade where it has an instrument."""
    columns = {
        name: table[name].to_pylist()
        for name in {*_PAYMENT_FIELDS, *_TRADE_FIELDS, "latitude_deg", "longitude_deg"}
        if name in table.column_names
    }
    ids = table["transaction_id"].to_pylist()
    times_ns = table["event_time"].cast(pa.int64()).to_pylist()
    instruments = columns.get("instrument_id")
    payment_fields = [name for name in _PAYMENT_FIELDS if name in columns]
    trade_fields = [name for name in _TRADE_FIELDS if name in columns]
    messages = []
    for row, (transaction_id, time_ns) in enumerate(zip(ids, times_ns, strict=True)):
        message = Transaction(transaction_id=transaction_id, event_time=timestamp(time_ns))
        if instruments is not None and instruments[row]:
            message.trade.MergeFrom(
                transaction_pb2.Trade(**_fields(columns, trade_fields, row)),
            )
        else:
            message.payment.MergeFrom(
                transaction_pb2.Payment(**_fields(columns, payment_fields, row)),
            )
            _set_position(message.payment, columns, row)
        messages.append(message)
    return messages


def label(transaction_id: str, value: int, known_time_ns: int) -> label_service_pb2.Label:
    """Return a label as an external system reports it; its id is the same each time.

    Args:
        transaction_id: the transaction it speaks of.
        value: 1 fraud, 0 legitimate.
        known_time_ns: when it became known, on the clock of event_time.
    """
    # A transaction id may already be as long as a label id may be, so it is hashed.
    digest = hashlib.blake2b(transaction_id.encode(), digest_size=16).hexdigest()
    return label_service_pb2.Label(
        label_id=f"replay-{digest}",
        transaction_id=transaction_id,
        value=_LABEL_VALUES[value],
        source=label_service_pb2.LABEL_SOURCE_EXTERNAL,
        known_time=timestamp(known_time_ns),
    )


def _fields(columns: Mapping[str, list[Any]], names: Sequence[str], row: int) -> dict[str, Any]:
    return {name: columns[name][row] for name in names}


def _set_position(
    payment: transaction_pb2.Payment, columns: Mapping[str, list[Any]], row: int
) -> None:
    if "latitude_deg" not in columns or "longitude_deg" not in columns:
        return
    latitude, longitude = columns["latitude_deg"][row], columns["longitude_deg"][row]
    if latitude is not None and longitude is not None:
        payment.position.latitude_deg = latitude
        payment.position.longitude_deg = longitude
