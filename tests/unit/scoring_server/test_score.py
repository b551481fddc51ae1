"""A transaction from options, and errors as people read them."""

from decimal import Decimal
from typing import Any

import pytest
from google.protobuf import json_format

from scoring_server.errors import InvalidArgumentError
from scoring_server.score import from_json, from_options

OPTIONS: dict[str, Any] = {
    "account": "alice",
    "amount": Decimal("12.50"),
    "currency": "EUR",
    "merchant": "m1",
    "terminal": "t1",
    "counterparty": "",
    "device": "",
    "channel": "ECOM",
    "mcc": 5411,
    "country": "DE",
    "position": (52.5, 13.4),
    "ip_address": "",
    "transaction_id": "x1",
    "event_time": "2026-02-09T15:32:18+01:00",
}


def test_options_become_a_payment() -> None:
    assert json_format.MessageToDict(from_options(OPTIONS), preserving_proto_field_name=True) == {
        "transaction_id": "x1",
        "event_time": "2026-02-09T14:32:18Z",
        "payment": {
            "account_id": "alice",
            "merchant_id": "m1",
            "terminal_id": "t1",
            "amount_minor": "1250",
            "currency": "EUR",
            "channel": "CHANNEL_ECOM",
            "mcc": 5411,
            "country": "DE",
            "position": {"latitude_deg": 52.5, "longitude_deg": 13.4},
        },
    }


def test_id_and_time_are_made_up_when_left_out() -> None:
    made = from_options({**OPTIONS, "transaction_id": None, "event_time": None, "channel": None})
    assert made.transaction_id.startswith("cli-")
    assert made.event_time.seconds > 1_700_000_000


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("JPY", "1250", 1250), ("BHD", "1.250", 1250), ("EUR", "0.01", 1), ("EUR", "1.250", 125)],
)
def test_amount_is_in_the_currency_s_minor_units(currency: str, amount: str, minor: int) -> None:
    made = from_options({**OPTIONS, "currency": currency, "amount": Decimal(amount)})
    assert made.payment.amount_minor == minor


@pytest.mark.parametrize(("currency", "amount"), [("EUR", "1.005"), ("JPY", "1.5"), ("EUR", "NaN")])
def test_excess_digits_are_refused(currency: str, amount: str) -> None:
    with pytest.raises(InvalidArgumentError, match="decimal digits"):
        from_options({**OPTIONS, "currency": currency, "amount": Decimal(amount)})


def test_account_and_amount_are_needed() -> None:
    with pytest.raises(InvalidArgumentError, match="--account and --amount"):
        from_options({**OPTIONS, "account": None})


def test_time_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="--time"):
        from_options({**OPTIONS, "event_time": "noon"})


def test_json_is_the_protocol_s_own() -> None:
    text = '{"transactionId": "a", "payment": {"accountId": "b", "amountMinor": "7"}}'
    assert from_json(text).payment.amount_minor == 7
    with pytest.raises(InvalidArgumentError, match="Transaction as JSON"):
        from_json('{"amount": 7}')
