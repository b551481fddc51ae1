import datetime as dt
import math

import numpy as np
import pyarrow as pa
import pytest
from anomaly.v1 import event_service_pb2
from anomaly.v1.label_service_pb2 import Label
from anomaly.v1.scoring_service_pb2 import ScoreResult
from anomaly.v1.transaction_pb2 import Payment, Position, Trade, Transaction
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from scoring_server.engine.columns import payments_from_table, trades_from_table
from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.rpc import wire
from scoring_server.rpc.converters import (
    TransactionConverter,
    content_of,
    label_event,
    label_of_event,
    result_of_event,
    scored_event,
    timestamp,
)

TIME_NS = 1_700_000_000_123_456_789
TIME = Timestamp(seconds=1_700_000_000, nanos=123_456_789)

PAYMENTS = [
    {
        "transaction_id": "t1",
        "account_id": "a1",
        "merchant_id": "m1",
        "terminal_id": "x1",
        "device_id": "d1",
        "amount_minor": 12_345,
        "currency": "USD",
        "channel": 2,
        "mcc": 5411,
        "country": "DE",
        "ip_address": "10.0.0.1",
        "card_bin": "123456",
        "latitude_deg": 12.5,
        "longitude_deg": -7.25,
    },
    {
        "transaction_id": "t2",
        "account_id": "a2",
        "counterparty_account_id": "a3",
        "amount_minor": 999,
        "currency": "JPY",
    },
    {
        "transaction_id": "t3",
        "account_id": "ü",
        "merchant_id": "m2",
        "amount_minor": 10**15,
        "currency": "KWD",
    },
]
TRADES = [
    {
        "transaction_id": "t4",
        "account_id": "a1",
        "instrument_id": "DE0001",
        "side": 2,
        "price_nanos": 123_456_789_012,
        "quantity_micros": 7_654_321,
        "currency": "EUR",
        "venue": "XETR",
        "owner_id": "o1",
        "device_id": "d2",
    },
    {
        "transaction_id": "t5",
        "account_id": "a2",
        "instrument_id": "ACME",
        "side": 1,
        "price_nanos": 1,
        "quantity_micros": 10**18,
        "currency": "USD",
    },
]
PAYMENT_COLUMNS = (*PAYMENTS[0], "counterparty_account_id")
TRADE_COLUMNS = tuple(TRADES[0])


def table(rows: list[dict], columns: tuple[str, ...]) -> pa.Table:
    data = {name: [row.get(name) for row in rows] for name in columns}
    times = pa.array([TIME_NS] * len(rows), pa.timestamp("ns", tz="UTC"))
    return pa.table(data).append_column("event_time", times)


def payment(row: dict) -> Transaction:
    fields = {k: v for k, v in row.items() if k != "transaction_id" and "deg" not in k}
    message = Transaction(
        transaction_id=row["transaction_id"], event_time=TIME, payment=Payment(**fields)
    )
    if "latitude_deg" in row:
        message.payment.position.CopyFrom(
            Position(latitude_deg=row["latitude_deg"], longitude_deg=row["longitude_deg"])
        )
    return message


def trade(row: dict) -> Transaction:
    fields = {k: v for k, v in row.items() if k != "transaction_id"}
    return Transaction(transaction_id=row["transaction_id"], event_time=TIME, trade=Trade(**fields))


def rows_of(transactions: list[Transaction]) -> np.ndarray:
    return TransactionConverter().rows(transactions, [content_of(t) for t in transactions])


def assert_same_rows(actual: np.ndarray, expected: np.ndarray) -> None:
    for name in TRANSACTION.names:
        # A file has no content to hash.
        if name != "content_key":
            np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)


def test_payments_give_the_rows_that_a_table_gives():
    actual = rows_of([payment(row) for row in PAYMENTS])
    assert_same_rows(actual, payments_from_table(table(PAYMENTS, PAYMENT_COLUMNS)))
    assert actual["amount"].tolist() == [123.45, 999.0, 1e12]
    assert actual["reporting_limit"][0] == 10_000
    assert np.isnan(actual["reporting_limit"][1:]).all()


def test_trades_give_the_rows_that_a_table_gives():
    actual = rows_of([trade(row) for row in TRADES])
    assert_same_rows(actual, trades_from_table(table(TRADES, TRADE_COLUMNS)))
    assert actual["price"][0] == 123.456789012


def test_event_time_keeps_its_nanoseconds():
    assert rows_of([payment(PAYMENTS[0])])["event_time_ns"][0] == TIME_NS


def test_position_at_zero_is_a_place_and_no_position_is_none():
    at_zero = payment({**PAYMENTS[0], "latitude_deg": 0.0, "longitude_deg": 0.0})
    rows = rows_of([at_zero, payment(PAYMENTS[1])])
    assert rows["latitude_deg"][0] == 0.0
    assert math.isnan(rows["latitude_deg"][1])


def test_content_key_differs_exactly_when_the_content_does():
    first, again = payment(PAYMENTS[0]), payment(PAYMENTS[0])
    other = payment({**PAYMENTS[0], "amount_minor": 12_346})
    keys = rows_of([first, again, other])["content_key"].tolist()
    assert keys[0] == keys[1] != keys[2]


def test_configured_reporting_limits_are_used():
    transaction = payment(PAYMENTS[1])
    rows = TransactionConverter({"JPY": 2_000_000.0}).rows([transaction], [b"c"])
    assert rows["reporting_limit"][0] == 2_000_000.0


def test_event_put_together_from_parts_parses_to_its_parts():
    transaction = payment(PAYMENTS[0])
    result = ScoreResult(transaction_id="t1", risk_score=12.5, sequence=2**40)
    payload = scored_event(
        content_of(transaction),
        result.SerializeToString(),
        sequence=2**40,
        ingest_time_ns=TIME_NS,
    )
    event = event_service_pb2.Event.FromString(payload)
    assert event.sequence == 2**40
    assert event.ingest_time == TIME
    assert event.scored_transaction.transaction == transaction
    assert event.scored_transaction.result == result
    assert result_of_event(payload) == result


def test_label_event_parses_to_its_label():
    label = Label(label_id="l", transaction_id="t", value=1, source=2, known_time=TIME)
    payload = label_event(label, sequence=7, ingest_time_ns=TIME_NS)
    assert label_of_event(payload) == label
    assert event_service_pb2.Event.FromString(payload).sequence == 7


@given(st.integers(0, 2**64 - 1))
def test_varint_is_protobufs(value):
    message = event_service_pb2.Event(sequence=value)
    expected = message.SerializeToString()
    assert (wire.tag(1, 0) + wire.varint(value) if value else b"") == expected


@pytest.mark.parametrize("length", [0, 1, 127, 128, 20_000])
def test_field_is_protobufs(length):
    message = Transaction(transaction_id="x" * length)
    expected = message.SerializeToString()
    assert (wire.field(wire.tag(1), b"x" * length) if length else b"") == expected


def test_timestamp_is_exact():
    assert timestamp(TIME_NS) == TIME
    assert timestamp(TIME_NS).ToDatetime(dt.UTC).year == 2023
