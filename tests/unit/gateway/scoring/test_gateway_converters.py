from datetime import UTC, datetime

from anomaly.v1 import event_service_pb2, scoring_service_pb2, transaction_pb2
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.enumerations import Channel
from gateway.domain.intake import reasons_of
from gateway.domain.payment import Payment
from gateway.scoring import converters
from tests.support.scripted_scoring_server import assess, payment


@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001 - given a zone by the strategy
def test_instant_undoes_timestamp(moment: datetime) -> None:
    assert converters.instant(converters.timestamp(moment)) == moment


def event(transaction: object) -> event_service_pb2.Event:
    found = event_service_pb2.Event(sequence=7)
    found.ingest_time.FromJsonString("2026-02-09T14:00:01Z")
    found.scored_transaction.transaction.CopyFrom(transaction)
    found.scored_transaction.result.CopyFrom(assess(transaction, 7))
    return found


def test_scored_payment_becomes_a_row() -> None:
    source = payment(
        "tx-1", amount_minor=8_550, terminal_id="t-1", channel=transaction_pb2.CHANNEL_POS, mcc=5411
    )
    record = converters.feed_event(event(source)).transaction
    assert record is not None
    assert (record.kind, record.sequence, record.account_id) == ("PAYMENT", 7, "account-1")
    assert (record.channel, record.mcc, record.terminal_id) == ("POS", 5411, "t-1")
    assert (record.merchant_id, record.latitude_deg) == (None, None)
    assert (record.severity, record.decision) == ("HIGH", "REVIEW")
    assert (record.statistical, record.ml) == (0.855, 0.5)
    assert reasons_of(record)[0].code == "ACCOUNT_AMOUNT"


def test_position_of_zero_is_not_absent() -> None:
    source = payment("tx-1")
    source.payment.position.latitude_deg = 0.0
    record = converters.feed_event(event(source)).transaction
    assert record is not None
    assert (record.latitude_deg, record.longitude_deg) == (0.0, 0.0)


def test_minimal_counts_as_low() -> None:
    record = converters.feed_event(event(payment("tx-1", amount_minor=1))).transaction
    assert record is not None
    assert record.severity == "LOW"
    assert record.alert_id is None
    assert record.reasons == "[]"


def trade(price_nanos: int, quantity_micros: int, currency: str = "EUR") -> object:
    source = transaction_pb2.Transaction(
        transaction_id="tx-1",
        trade=transaction_pb2.Trade(
            account_id="account-1",
            instrument_id="ACME",
            side=transaction_pb2.SIDE_SELL,
            price_nanos=price_nanos,
            quantity_micros=quantity_micros,
            currency=currency,
        ),
    )
    source.event_time.FromJsonString("2026-02-09T14:00:00Z")
    return source


def test_trade_is_valued_in_minor_units_half_to_even() -> None:
    for price, quantity, currency, minor in (
        (12_345_000_000, 2_000_000, "EUR", 2469),
        (5_000_000, 1_000_000, "EUR", 0),
        (15_000_000, 1_000_000, "EUR", 2),
        (1_500_000_000, 1_000_000, "JPY", 2),
        (9 * 10**18, 10**18, "EUR", None),
    ):
        record = converters.feed_event(event(trade(price, quantity, currency))).transaction
        assert record is not None
        assert record.amount_minor == minor
        assert (record.kind, record.side, record.instrument_id) == ("TRADE", "SELL", "ACME")


def test_unreadable_event_comes_back_with_its_fault() -> None:
    unknown = event(payment("tx-1"))
    unknown.scored_transaction.result.severity = 99
    for broken in (event_service_pb2.Event(sequence=3), unknown):
        found = converters.feed_event(broken)
        assert found.fault
        assert event_service_pb2.Event.FromString(found.payload) == broken


def test_score_request_holds_the_payment() -> None:
    request = converters.score_request(
        Payment(
            transaction_id="tx-1",
            event_time=datetime(2026, 2, 9, tzinfo=UTC),
            account_id="a",
            amount_minor=5,
            currency="EUR",
            channel=Channel.MOTO,
            latitude_deg=1.0,
            longitude_deg=2.0,
        )
    ).transaction
    assert request.payment.channel == transaction_pb2.CHANNEL_MOTO
    assert request.payment.position.longitude_deg == 2.0
    assert scoring_service_pb2.ScoreRequest(transaction=request).HasField("transaction")
