"""Generated transactions, valid and not, for what reads them from the wire."""

from anomaly.v1.transaction_pb2 import Payment, Position, Trade, Transaction
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import strategies as st

_IDS = st.text("abzAZ019._:-", min_size=1, max_size=64)
_TEXTS = st.one_of(
    st.just(""),
    st.text("abcäß€😀 x", min_size=1, max_size=64),
    st.text(max_size=70).filter(lambda text: "\ud800" not in text),
)
_ACCOUNTS = st.one_of(st.text("abcäß€", min_size=1, max_size=64), _TEXTS)
_CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "ZZZ", "us", "", "EURO"])
# At the edges of what an IPv6 address is.
_ODD_ADDRESSES = """
:: ::1 1:: :1 1: ::: 1::2::3 ::ffff:1.2.3.4 fe80::1%eth0 12345:: 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:8:9
1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 01.2.3.4 1.2.3 1.2.3.4.5 256.1.1.1 1.2.3.4; 1..2.3 1.2.3.4.
"""
_ADDRESSES = st.one_of(
    st.just(""),
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda address: address.exploded),
    st.text("0123456789abcf:.", max_size=20),
    st.sampled_from(_ODD_ADDRESSES.split()),
)
_TIMES = st.builds(
    Timestamp,
    seconds=st.one_of(
        st.integers(86_400, 7_258_118_399), st.sampled_from([0, -1, 86_399, 7_258_118_400])
    ),
    nanos=st.one_of(st.integers(0, 999_999_999), st.sampled_from([-1, 10**9])),
)
_POSITIONS = st.builds(
    Position,
    latitude_deg=st.one_of(st.floats(-90, 90), st.sampled_from([0.0, -0.0, 90.1, float("nan")])),
    longitude_deg=st.one_of(st.floats(-180, 180), st.sampled_from([0.0, -0.0, -180.1])),
)
PAYMENTS = st.builds(
    Payment,
    account_id=_ACCOUNTS,
    merchant_id=_TEXTS,
    terminal_id=_TEXTS,
    device_id=_TEXTS,
    counterparty_account_id=_TEXTS,
    amount_minor=st.one_of(st.integers(0, 10**15), st.sampled_from([-1, 10**15 + 1])),
    currency=_CURRENCIES,
    channel=st.sampled_from([0, 1, 2, 3, 4, 5, 6, 100, -1]),
    mcc=st.sampled_from([0, 1, 5411, 9_999, 10_000]),
    country=st.sampled_from(["", "DE", "d", "deu", "D1"]),
    position=st.none() | _POSITIONS,
    ip_address=_ADDRESSES,
    card_bin=st.sampled_from(["", "123456", "12345678", "1234567", "12345x"]),
)
TRADES = st.builds(
    Trade,
    account_id=_ACCOUNTS,
    instrument_id=_ACCOUNTS,
    side=st.sampled_from([0, 1, 2, 3]),
    price_nanos=st.one_of(st.integers(1, 9 * 10**18), st.sampled_from([0, -1, 2**63 - 1])),
    quantity_micros=st.one_of(st.integers(1, 10**18), st.sampled_from([0, -1, 2**63 - 1])),
    currency=_CURRENCIES,
    venue=_TEXTS,
    order_id=_TEXTS,
    owner_id=_TEXTS,
    device_id=_TEXTS,
)
GOOD_PAYMENTS = st.builds(
    Payment,
    account_id=st.text("abcäß€", min_size=1, max_size=64),
    merchant_id=st.sampled_from(["", "m"]),
    terminal_id=st.sampled_from(["", "t"]),
    device_id=st.sampled_from(["", "d"]),
    counterparty_account_id=st.sampled_from(["", "c"]),
    amount_minor=st.integers(0, 10**15),
    currency=st.sampled_from(["EUR", "USD", "JPY", "KWD", "CLF", "ZZZ"]),
    channel=st.integers(0, 5),
    mcc=st.integers(0, 9_999),
    country=st.sampled_from(["", "DE", "ZZ"]),
    position=st.none()
    | st.builds(Position, latitude_deg=st.floats(-90, 90), longitude_deg=st.floats(-180, 180)),
    ip_address=st.one_of(st.just(""), st.ip_addresses(v=4).map(str)),
    card_bin=st.sampled_from(["", "123456", "12345678"]),
)
GOOD_TRADES = st.builds(
    Trade,
    account_id=st.text("abcäß€", min_size=1, max_size=64),
    instrument_id=st.text("abcäß€", min_size=1, max_size=64),
    side=st.integers(1, 2),
    price_nanos=st.integers(1, 9 * 10**14),
    quantity_micros=st.integers(1, 10**14),
    currency=st.sampled_from(["EUR", "USD", "ZZZ"]),
    venue=st.sampled_from(["", "XETR"]),
    order_id=st.sampled_from(["", "o"]),
    owner_id=st.sampled_from(["", "w"]),
    device_id=st.sampled_from(["", "d"]),
)
_GOOD_TIMES = st.builds(
    Timestamp, seconds=st.integers(86_400, 7_258_118_399), nanos=st.integers(0, 999_999_999)
)
GOOD_TRANSACTIONS = st.one_of(
    st.builds(Transaction, transaction_id=_IDS, event_time=_GOOD_TIMES, payment=GOOD_PAYMENTS),
    st.builds(Transaction, transaction_id=_IDS, event_time=_GOOD_TIMES, trade=GOOD_TRADES),
)
TRANSACTIONS = st.one_of(
    GOOD_TRANSACTIONS,
    st.builds(
        Transaction,
        transaction_id=st.one_of(_IDS, st.text(max_size=70)),
        event_time=st.none() | _TIMES,
        payment=PAYMENTS,
    ),
    st.builds(Transaction, transaction_id=_IDS, event_time=_TIMES, trade=TRADES),
)
