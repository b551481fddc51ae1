"""The hand-written checks against an interpreter of the annotations in the protos."""

import math

from anomaly.v1 import label_service_pb2, transaction_pb2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring_server.rpc.validation import check_label, check_transaction
from tests.oracles.protovalidate import violated_fields

texts = st.one_of(
    st.sampled_from(["", "a", "A1._:-", "x" * 64, "x" * 65, "é" * 64, "\x7f", "a\nb", "a\n", "€"]),
    st.text(max_size=70),
)
ids = st.one_of(st.from_regex(r"\A[A-Za-z0-9._:-]{1,64}\Z"), texts)
int64s = st.one_of(
    st.sampled_from([-1, 0, 1, 10**15, 10**15 + 1, 9 * 10**18, 9 * 10**18 + 1, 10**18, 10**18 + 1]),
    st.integers(-(2**63), 2**63 - 1),
)
currencies = st.one_of(
    st.sampled_from(["USD", "EUR", "us", "usd", "USDX", "", "US1", "ÜSD", "USD\n"]), texts
)
countries = st.one_of(st.sampled_from(["", "DE", "de", "D", "DEU", "DE\n"]), texts)
addresses = st.one_of(
    st.ip_addresses().map(str),
    st.sampled_from(
        ["", "1.2.3", "::1", "fe80::1%eth0", "1.2.3.4/8", "01.2.3.4", "::ffff:1.2.3.4"]
    ),
    texts,
)
card_bins = st.one_of(
    st.sampled_from(
        ["", "123456", "12345678", "1234567", "4111111111111111", "12345٣", "123456\n"]
    ),
    texts,
)
coordinates = st.one_of(
    st.sampled_from([0.0, 90.0, -90.0, 90.0000001, 180.0, -180.0, 181.0, math.nan, math.inf]),
    st.floats(),
)
enums = st.integers(-1, 7)


@st.composite
def timestamps(draw, message, name):
    target = getattr(message, name)
    if draw(st.booleans()):
        target.SetInParent()
        target.seconds = draw(
            st.sampled_from([0, 86_399, 86_400, 1_700_000_000, 7_258_118_399, 7_258_118_400])
        )
        # Nanoseconds outside a second are no timestamp at all; a test of its own covers them.
        target.nanos = draw(st.integers(0, 999_999_999))


@st.composite
def positions(draw):
    return transaction_pb2.Position(latitude_deg=draw(coordinates), longitude_deg=draw(coordinates))


@st.composite
def payments(draw):
    payment = transaction_pb2.Payment(
        account_id=draw(texts),
        merchant_id=draw(texts),
        terminal_id=draw(texts),
        device_id=draw(texts),
        counterparty_account_id=draw(texts),
        amount_minor=draw(int64s),
        currency=draw(currencies),
        channel=draw(enums),
        mcc=draw(st.sampled_from([0, 1, 9_999, 10_000, 2**32 - 1])),
        country=draw(countries),
        ip_address=draw(addresses),
        card_bin=draw(card_bins),
    )
    if draw(st.booleans()):
        payment.position.CopyFrom(draw(positions()))
    return payment


@st.composite
def trades(draw):
    return transaction_pb2.Trade(
        account_id=draw(texts),
        instrument_id=draw(texts),
        side=draw(enums),
        price_nanos=draw(int64s),
        quantity_micros=draw(int64s),
        currency=draw(currencies),
        venue=draw(texts),
        order_id=draw(texts),
        owner_id=draw(texts),
        device_id=draw(texts),
    )


@st.composite
def transactions(draw):
    transaction = transaction_pb2.Transaction(transaction_id=draw(ids))
    draw(timestamps(transaction, "event_time"))
    details = draw(st.sampled_from(["payment", "trade", ""]))
    if details == "payment":
        transaction.payment.CopyFrom(draw(payments()))
    elif details == "trade":
        transaction.trade.CopyFrom(draw(trades()))
    return transaction


@st.composite
def labels(draw):
    label = label_service_pb2.Label(
        label_id=draw(ids), transaction_id=draw(ids), value=draw(enums), source=draw(enums)
    )
    draw(timestamps(label, "known_time"))
    return label


def beyond_annotations(transaction: transaction_pb2.Transaction) -> set[str]:
    """What only the hand-written checks can say: a trade's value is bounded."""
    trade = transaction.trade
    price_is_good = 1 <= trade.price_nanos <= 9 * 10**18
    quantity_is_good = 1 <= trade.quantity_micros <= 10**18
    if price_is_good and quantity_is_good and trade.price_nanos * trade.quantity_micros > 10**30:
        return {"transaction.trade.quantity_micros"}
    return set()


@settings(max_examples=1_500)
@given(transactions())
@example(transaction_pb2.Transaction())
def test_transaction_checks_agree_with_the_annotations(transaction):
    found = check_transaction(transaction)
    assert {violation.field for violation in found} == violated_fields(
        transaction, "transaction"
    ) | beyond_annotations(transaction)
    assert len({violation.field for violation in found}) == len(found)


@settings(max_examples=500)
@given(labels())
def test_label_checks_agree_with_the_annotations(label):
    found = check_label(label, "labels[3]")
    assert {violation.field for violation in found} == violated_fields(label, "labels[3]")
