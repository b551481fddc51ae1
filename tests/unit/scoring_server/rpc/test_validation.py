import math

import pytest
from anomaly.v1.label_service_pb2 import Label
from anomaly.v1.transaction_pb2 import Payment, Position, Trade, Transaction
from google.protobuf.timestamp_pb2 import Timestamp

from scoring_server.errors import FieldViolation, InvalidArgumentError
from scoring_server.rpc.validation import (
    VIOLATIONS_MAX,
    check_label,
    check_size,
    check_transaction,
    invalid,
)

TIME = Timestamp(seconds=1_700_000_000)


def payment(**changes) -> Transaction:
    fields = {"account_id": "a", "amount_minor": 100, "currency": "EUR", **changes}
    return Transaction(transaction_id="t", event_time=TIME, payment=Payment(**fields))


def trade(**changes) -> Transaction:
    fields = {
        "account_id": "a",
        "instrument_id": "i",
        "side": 1,
        "price_nanos": 1,
        "quantity_micros": 1,
        "currency": "USD",
        **changes,
    }
    return Transaction(transaction_id="t", event_time=TIME, trade=Trade(**fields))


def told(transaction: Transaction) -> dict[str, str]:
    return {v.field: v.description for v in check_transaction(transaction)}


def test_good_transactions_have_no_violations():
    assert check_transaction(payment()) == []
    assert check_transaction(trade()) == []


def test_every_bad_field_is_told_with_what_was_allowed_and_found():
    bad = Transaction(
        transaction_id="a b",
        event_time=Timestamp(seconds=5),
        payment=Payment(currency="us", amount_minor=-1),
    )
    assert told(bad) == {
        "transaction.transaction_id": (
            "must be 1..64 characters of A-Z a-z 0-9 . _ : -, was 'a b'"
        ),
        "transaction.event_time": (
            "must be 1970-01-02 to before 2200-01-01, in seconds since 1970, was 5"
        ),
        "transaction.payment.account_id": "must be 1..64 characters, was empty",
        "transaction.payment.amount_minor": "must be 0..1000000000000000, was -1",
        "transaction.payment.currency": "must be three capital letters (ISO 4217), was 'us'",
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 90.1])
def test_position_that_is_no_place_is_refused(value):
    position = Position(latitude_deg=value, longitude_deg=0)
    assert set(told(payment(position=position))) == {"transaction.payment.position.latitude_deg"}


@pytest.mark.parametrize("nanos", [-1, 1_000_000_000])
def test_nanoseconds_beyond_a_second_are_refused(nanos):
    transaction = payment()
    transaction.event_time.nanos = nanos
    assert set(told(transaction)) == {"transaction.event_time.nanos"}


def test_value_of_a_trade_is_bounded():
    limit = {"price_nanos": 10**18, "quantity_micros": 10**12}
    assert told(trade(**limit)) == {}
    limit["quantity_micros"] += 1
    assert set(told(trade(**limit))) == {"transaction.trade.quantity_micros"}


def test_long_card_number_is_never_shown():
    assert "4111" not in str(told(payment(card_bin="4111111111111111")))


def test_long_text_is_shown_cut_off():
    (text,) = told(payment(currency="X" * 10_000)).values()
    assert len(text) < 120


def test_label_paths_start_where_the_label_is():
    fields = {violation.field for violation in check_label(Label(), "labels[7]")}
    assert fields == {
        f"labels[7].{name}"
        for name in ("label_id", "transaction_id", "value", "source", "known_time")
    }


def test_list_size_is_bounded_at_both_ends():
    check_size("labels", [1], 2)
    check_size("labels", [1, 2], 2)
    for items in ([], [1, 2, 3]):
        with pytest.raises(InvalidArgumentError) as caught:
            check_size("labels", items, 2)
        assert caught.value.violations[0].field == "labels"


def test_error_says_how_many_more_and_stays_small():
    violations = [FieldViolation(f"f{n}", "must be good") for n in range(100)]
    error = invalid(violations)
    assert error.message == "f0 must be good (and 99 more)"
    assert len(error.violations) == VIOLATIONS_MAX
