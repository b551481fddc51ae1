"""Between the protocol's messages and the gateway's own types. Nothing else reads a message."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from anomaly.v1 import (
    event_service_pb2,
    label_service_pb2,
    scoring_service_pb2,
    transaction_pb2,
)
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain.alert import OutboxLabel
from gateway.domain.currency import DECIMAL_PLACES
from gateway.domain.enumerations import Channel, LabelSource, LabelValue, Severity
from gateway.domain.payment import Payment, ScoreAnswer
from gateway.domain.transaction import FeedEvent, LabelRecord, Reason, TransactionRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BIGINT_MAX = 2**63 - 1
_UNITS_IN_PRICE_TIMES_QUANTITY = 10**15
_PLACES_DEFAULT = 2

# The contract of the REST API has no MINIMAL; it begins with LOW.
_SEVERITIES = {
    scoring_service_pb2.SEVERITY_MINIMAL: Severity.LOW,
    scoring_service_pb2.SEVERITY_LOW: Severity.LOW,
    scoring_service_pb2.SEVERITY_MEDIUM: Severity.MEDIUM,
    scoring_service_pb2.SEVERITY_HIGH: Severity.HIGH,
    scoring_service_pb2.SEVERITY_CRITICAL: Severity.CRITICAL,
}


def _names(enumeration: Any, prefix: str) -> dict[int, str]:
    """Return the enumeration's names without their prefix, by number."""
    return {number: name.removeprefix(prefix) for name, number in enumeration.items()}


_DECISIONS = _names(scoring_service_pb2.Decision, "DECISION_")
_DETECTORS = _names(scoring_service_pb2.Detector, "DETECTOR_")
_CHANNELS = _names(transaction_pb2.Channel, "CHANNEL_")
_SIDES = _names(transaction_pb2.Side, "SIDE_")
_LABEL_VALUES = _names(label_service_pb2.LabelValue, "LABEL_VALUE_")
_LABEL_SOURCES = _names(label_service_pb2.LabelSource, "LABEL_SOURCE_")
LABEL_STATUSES = _names(label_service_pb2.LabelStatus, "LABEL_STATUS_")


# What goes out; written as constants so that a misspelt one fails when the module is read.
_CHANNEL_NUMBERS = {
    Channel.POS: transaction_pb2.CHANNEL_POS,
    Channel.ECOM: transaction_pb2.CHANNEL_ECOM,
    Channel.ATM: transaction_pb2.CHANNEL_ATM,
    Channel.TRANSFER: transaction_pb2.CHANNEL_TRANSFER,
    Channel.MOTO: transaction_pb2.CHANNEL_MOTO,
}
_LABEL_NUMBERS = {
    LabelValue.FRAUD: label_service_pb2.LABEL_VALUE_FRAUD,
    LabelValue.LEGITIMATE: label_service_pb2.LABEL_VALUE_LEGITIMATE,
    LabelValue.WITHDRAWN: label_service_pb2.LABEL_VALUE_WITHDRAWN,
}
# Names of the protocol and those that it has no own number for.
_LABEL_SOURCE_NUMBERS = {
    "ANALYST": label_service_pb2.LABEL_SOURCE_ANALYST,
    LabelSource.CHARGEBACK: label_service_pb2.LABEL_SOURCE_CHARGEBACK,
    LabelSource.CUSTOMER: label_service_pb2.LABEL_SOURCE_CHARGEBACK,
    LabelSource.OTHER: label_service_pb2.LABEL_SOURCE_EXTERNAL,
}


def timestamp(instant: datetime) -> Timestamp:
    """Return an aware instant as the protocol's timestamp, exact to the microsecond."""
    since = instant - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def instant(stamp: Timestamp) -> datetime:
    """Return a timestamp as an aware datetime in UTC.

    Nanoseconds below a microsecond are cut off.
    """
    return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1_000)


def score_request(payment: Payment) -> scoring_service_pb2.ScoreRequest:
    """Return the request that scores a payment."""
    message = transaction_pb2.Payment(
        account_id=payment.account_id,
        merchant_id=payment.merchant_id,
        device_id=payment.device_id,
        counterparty_account_id=payment.counterparty_account_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        mcc=payment.mcc,
        country=payment.country,
        ip_address=payment.ip_address,
    )
    if payment.channel is not None:
        message.channel = _CHANNEL_NUMBERS[payment.channel]
    if payment.latitude_deg is not None and payment.longitude_deg is not None:
        message.position.latitude_deg = payment.latitude_deg
        message.position.longitude_deg = payment.longitude_deg
    return scoring_service_pb2.ScoreRequest(
        transaction=transaction_pb2.Transaction(
            transaction_id=payment.transaction_id,
            event_time=timestamp(payment.event_time),
            payment=message,
        )
    )


def score_answer(result: scoring_service_pb2.ScoreResult) -> ScoreAnswer:
    """Return the answer that a result holds."""
    scores = result.detector_scores
    return ScoreAnswer(
        transaction_id=result.transaction_id,
        risk_score=result.risk_score,
        severity=_SEVERITIES[result.severity],
        decision=_DECISIONS[result.decision],
        statistical=scores.statistical,
        behavioral=scores.behavioral,
        ml=scores.ml if scores.HasField("ml") else None,
        reasons=tuple(_reasons(result)),
        model_name=result.model_name,
        model_version=result.model_version,
        alert_id=result.alert_id,
        replayed=result.replayed,
        degraded_reasons=tuple(result.degraded_reasons),
        sequence=result.sequence,
    )


def label_message(label: OutboxLabel) -> label_service_pb2.Label:
    """Return a label that waits as a message."""
    return label_service_pb2.Label(
        label_id=label.label_id,
        transaction_id=label.transaction_id,
        value=_LABEL_NUMBERS[label.value],
        source=_LABEL_SOURCE_NUMBERS[label.source],
        known_time=timestamp(label.known_time),
    )


def feed_event(event: event_service_pb2.Event) -> FeedEvent:
    """Return an event of the feed.

    One that cannot be read comes back with its fault, it never raises.
    """
    try:
        return _feed_event(event)
    except Exception as error:  # noqa: BLE001 - whatever a message holds must not stop the feed
        return FeedEvent(
            event.sequence,
            fault=f"{type(error).__name__}: {error}",
            payload=event.SerializeToString(),
        )


def _feed_event(event: event_service_pb2.Event) -> FeedEvent:
    kind = event.WhichOneof("kind")
    if kind == "scored_transaction":
        return FeedEvent(
            event.sequence, transaction=_transaction(event), payload=event.SerializeToString()
        )
    if kind == "label":
        label = event.label
        record = LabelRecord(
            label.label_id,
            label.transaction_id,
            LabelValue(_LABEL_VALUES[label.value]),
            _LABEL_SOURCES[label.source],
            instant(label.known_time),
        )
        return FeedEvent(event.sequence, label=record, payload=event.SerializeToString())
    raise ValueError("an event must be a scored transaction or a label, was neither")


def _transaction(event: event_service_pb2.Event) -> TransactionRecord:
    transaction = event.scored_transaction.transaction
    result = event.scored_transaction.result
    kind = transaction.WhichOneof("details")
    if kind == "payment":
        details = _payment_columns(transaction.payment)
    elif kind == "trade":
        details = _trade_columns(transaction.trade)
    else:
        raise ValueError("a transaction must be a payment or a trade, was neither")
    scores = result.detector_scores
    values: dict[str, Any] = dict(_ABSENT)
    values |= details
    values |= {
        "transaction_id": transaction.transaction_id,
        "kind": kind.upper(),
        "event_time": instant(transaction.event_time),
        "ingest_time": instant(event.ingest_time),
        "sequence": event.sequence,
        "risk_score": result.risk_score,
        "severity": _SEVERITIES[result.severity],
        "decision": _DECISIONS[result.decision],
        "statistical": scores.statistical,
        "behavioral": scores.behavioral,
        "ml": scores.ml if scores.HasField("ml") else None,
        "model_name": result.model_name,
        "model_version": result.model_version,
        "degraded_reasons": ",".join(result.degraded_reasons),
        "alert_id": result.alert_id or None,
        "reasons": msgspec.json.encode(_reasons(result)).decode(),
    }
    return TransactionRecord(**values)


_ABSENT = dict.fromkeys(TransactionRecord.__struct_fields__)


def _payment_columns(payment: transaction_pb2.Payment) -> dict[str, Any]:
    positioned = payment.HasField("position")
    return {
        "account_id": payment.account_id,
        "merchant_id": payment.merchant_id or None,
        "terminal_id": payment.terminal_id or None,
        "device_id": payment.device_id or None,
        "counterparty_account_id": payment.counterparty_account_id or None,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "channel": _CHANNELS[payment.channel] if payment.channel else None,
        "mcc": payment.mcc or None,
        "country": payment.country or None,
        "latitude_deg": payment.position.latitude_deg if positioned else None,
        "longitude_deg": payment.position.longitude_deg if positioned else None,
        "ip_address": payment.ip_address or None,
        "card_bin": payment.card_bin or None,
    }


def _trade_columns(trade: transaction_pb2.Trade) -> dict[str, Any]:
    return {
        "account_id": trade.account_id,
        "device_id": trade.device_id or None,
        "instrument_id": trade.instrument_id,
        "side": _SIDES[trade.side],
        "amount_minor": _notional_minor(trade),
        "currency": trade.currency,
        "price_nanos": trade.price_nanos,
        "quantity_micros": trade.quantity_micros,
        "venue": trade.venue or None,
        "order_id": trade.order_id or None,
        "owner_id": trade.owner_id or None,
    }


def _notional_minor(trade: transaction_pb2.Trade) -> int | None:
    """Price times quantity in minor units, rounded half to even.

    None when it does not fit a column.
    """
    places = DECIMAL_PLACES.get(trade.currency, _PLACES_DEFAULT)
    exact = trade.price_nanos * trade.quantity_micros * 10**places
    whole, rest = divmod(exact, _UNITS_IN_PRICE_TIMES_QUANTITY)
    twice = 2 * rest
    if twice > _UNITS_IN_PRICE_TIMES_QUANTITY or (
        twice == _UNITS_IN_PRICE_TIMES_QUANTITY and whole % 2
    ):
        whole += 1
    return whole if whole <= _BIGINT_MAX else None


def _reasons(result: scoring_service_pb2.ScoreResult) -> list[Reason]:
    return [
        Reason(
            reason.code,
            _DETECTORS[reason.detector],
            reason.feature,
            reason.value,
            reason.baseline,
            reason.contribution,
            reason.sentence,
        )
        for reason in result.reasons
    ]
