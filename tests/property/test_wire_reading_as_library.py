"""What the kernels read from the wire is what the protobuf library and the converters read."""

import pytest
from anomaly.v1.scoring_service_pb2 import ScoreBatchRequest, ScoreRequest
from anomaly.v1.transaction_pb2 import Payment, Transaction
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring_server.rpc.block_codec import RequestReader
from scoring_server.rpc.converters import TransactionConverter, content_of
from scoring_server.rpc.validation import TRANSACTIONS_MAX, check_transaction
from tests.support.wire_transactions import GOOD_TRANSACTIONS, TRANSACTIONS

READER = RequestReader()
CONVERTER = TransactionConverter()
PLAIN = Transaction(
    transaction_id="t1",
    event_time=Timestamp(seconds=1_700_000_000),
    payment=Payment(account_id="a", merchant_id="m", amount_minor=100, currency="EUR"),
)


def assert_read_as_the_library_does(request: bytes) -> bool:
    """Check a ScoreRequest's reading; return whether the kernel read it."""
    read = READER.read_single([request])
    if not read.good[0]:
        assert not read.all_good
        return False
    # What the kernel takes, the library must take as well, and as the very same content.
    transaction = ScoreRequest.FromString(request).transaction
    assert not check_transaction(transaction)
    content = content_of(transaction)
    assert read.content(0) == content
    assert read.rows.tobytes() == CONVERTER.rows([transaction], [content]).tobytes()
    return True


@given(GOOD_TRANSACTIONS)
def test_usual_transactions_are_read_by_the_kernel(transaction):
    request = ScoreRequest(transaction=transaction).SerializeToString()
    assert assert_read_as_the_library_does(request)


@settings(max_examples=400)
@given(TRANSACTIONS)
def test_invalid_transactions_are_left_to_the_library(transaction):
    request = ScoreRequest(transaction=transaction).SerializeToString()
    assert_read_as_the_library_does(request)


@settings(max_examples=400)
@given(GOOD_TRANSACTIONS, st.data())
def test_changed_bytes_are_read_as_the_library_does_or_not_at_all(transaction, data):
    request = bytearray(ScoreRequest(transaction=transaction).SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(request) - 1))
        change = data.draw(st.sampled_from(["set", "insert", "delete"]))
        if change == "delete":
            del request[place]
        else:
            value = data.draw(st.integers(0, 255))
            request[place : place + (change == "set")] = bytes([value])
        if not request:
            break
    assert_read_as_the_library_does(bytes(request))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_as_the_library_does_or_not_at_all(request):
    assert_read_as_the_library_does(request)


def length_delimited(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def odd_encodings() -> dict[str, bytes]:
    time = length_delimited(2, PLAIN.event_time.SerializeToString())
    payment = PLAIN.payment.SerializeToString()
    name = length_delimited(1, b"t1")
    usual = name + time + length_delimited(3, payment)
    return {
        "unknown field": usual + b"\x78\x05",
        "unknown field inside": name + time + length_delimited(3, payment + b"\xa0\x06\x05"),
        "other order": length_delimited(3, payment) + time + name,
        "repeated scalar": name + name + time + length_delimited(3, payment),
        "repeated number": name + time + length_delimited(3, payment + b"\x30\x05"),
        "merged message": usual + length_delimited(3, b"\x30\x05"),
        "explicit default": name + time + length_delimited(3, payment + b"\x40\x00"),
        "long varint": name + time + length_delimited(3, payment + b"\x48\x85\x80\x00"),
        "empty text": name + time + length_delimited(3, payment + length_delimited(10, b"")),
        "payment, then trade": usual + length_delimited(4, b""),
    }


@pytest.mark.parametrize("kind", odd_encodings())
def test_odd_encodings_are_left_to_the_library(kind):
    encoded = odd_encodings()[kind]
    Transaction.FromString(encoded)
    assert not assert_read_as_the_library_does(length_delimited(1, encoded))


def test_requests_of_more_or_less_than_one_transaction_are_left_to_the_library():
    request = ScoreRequest(transaction=PLAIN).SerializeToString()
    for odd in (b"", request + request, request + b"\x10\x01", request[:-1]):
        assert not assert_read_as_the_library_does(odd)


def test_text_that_is_not_utf8_is_left_to_the_library():
    request = ScoreRequest(transaction=PLAIN).SerializeToString()
    request = request.replace(b"\x0a\x01a", b"\x0a\x01\xff")
    with pytest.raises(DecodeError):
        ScoreRequest.FromString(request)
    assert not assert_read_as_the_library_does(request)


@given(st.lists(TRANSACTIONS, min_size=1, max_size=8))
def test_requests_read_together_are_read_like_each_alone(transactions):
    requests = [ScoreRequest(transaction=each).SerializeToString() for each in transactions]
    together = READER.read_single(requests)
    batch = READER.read_batch(ScoreBatchRequest(transactions=transactions).SerializeToString())
    assert together.all_good == together.good.all()
    for place, request in enumerate(requests):
        alone = READER.read_single([request])
        assert together.good[place] == alone.good[0]
        if alone.good[0]:
            assert together.rows[place].tobytes() == alone.rows[0].tobytes()
            assert together.content(place) == alone.content(0)
    if batch is not None:
        assert batch.good.tolist() == together.good.tolist()
        assert batch.rows[batch.good].tobytes() == together.rows[together.good].tobytes()


def test_batch_of_too_many_is_left_to_the_library():
    most = ScoreBatchRequest(transactions=[PLAIN] * TRANSACTIONS_MAX).SerializeToString()
    assert READER.read_batch(most).all_good
    more = ScoreBatchRequest(transactions=[PLAIN] * (TRANSACTIONS_MAX + 1)).SerializeToString()
    assert READER.read_batch(more) is None
    assert READER.read_batch(b"") is None
    assert READER.read_batch(most + b"\x10\x01") is None
