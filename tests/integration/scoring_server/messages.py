"""Messages that the tests of the services send."""

from anomaly.v1.label_service_pb2 import (
    LABEL_SOURCE_CHARGEBACK,
    LABEL_VALUE_FRAUD,
    Label,
)
from anomaly.v1.transaction_pb2 import Payment, Trade, Transaction
from google.protobuf.timestamp_pb2 import Timestamp

START_S = 1_700_000_000


def payment(number: int, *, after_s: int | None = None, **changes) -> Transaction:
    """Return a payment; the number makes its id and, unless told otherwise, its time."""
    fields = {
        "account_id": f"account-{number % 50}",
        "terminal_id": f"terminal-{number % 7}",
        "amount_minor": 1_000 + number % 300,
        "currency": "EUR",
        **changes,
    }
    return Transaction(
        transaction_id=f"tx-{number}",
        event_time=Timestamp(seconds=START_S + (number if after_s is None else after_s)),
        payment=Payment(**fields),
    )


def trade(number: int) -> Transaction:
    """Return a trade."""
    return Transaction(
        transaction_id=f"trade-{number}",
        event_time=Timestamp(seconds=START_S + number),
        trade=Trade(
            account_id="trader-1",
            instrument_id="ACME",
            side=1,
            price_nanos=10_000_000_000,
            quantity_micros=5_000_000,
            currency="USD",
        ),
    )


def label(
    label_id: str, transaction_id: str, value: int = LABEL_VALUE_FRAUD, *, after_s: int = 0
) -> Label:
    """Return a label that became known some time after the start."""
    return Label(
        label_id=label_id,
        transaction_id=transaction_id,
        value=value,
        source=LABEL_SOURCE_CHARGEBACK,
        known_time=Timestamp(seconds=START_S + after_s),
    )
