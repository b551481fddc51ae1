"""Between the messages of the protocol and what the engine works on. The only place for that."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from anomaly.v1 import event_service_pb2, label_service_pb2, scoring_service_pb2, transaction_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from numpy.typing import NDArray

from scoring_server.clock import NS_PER_S
from scoring_server.currencies import (
    DEFAULT_REPORTING_LIMITS,
    major_units,
    reporting_limit,
)
from scoring_server.engine.assessment import Assessment
from scoring_server.engine.explain import alert_id, reasons
from scoring_server.kernels.dtypes import KIND_PAYMENT, KIND_TRADE, TRANSACTION
from scoring_server.rpc import wire
from scoring_server.state import keys

_NANOS = 1e9
_MICROS = 1e6
_FORMAT_BY_DTYPE = {"u8": "Q", "i8": "q", "f8": "d", "u4": "I", "u2": "H", "u1": "B"}

_EVENT_SEQUENCE = wire.tag(1, 0)
_EVENT_INGEST_TIME = wire.tag(2)
_EVENT_SCORED_TRANSACTION = wire.tag(3)
_EVENT_LABEL = wire.tag(4)
_SCORED_TRANSACTION = wire.tag(1)
_SCORED_RESULT = wire.tag(2)


def _row_struct() -> struct.Struct:
    """Return the packer of a TRANSACTION record; filling one field by field costs ten times more.

    The reserved bytes at the end are padding.
    """
    fields = TRANSACTION.fields
    assert fields is not None
    layout, end = "<", 0
    for name in _ROW_FIELDS:
        dtype, offset = fields[name][:2]
        layout += f"{offset - end}x" + _FORMAT_BY_DTYPE[dtype.str[1:]]
        end = offset + dtype.itemsize
    return struct.Struct(f"{layout}{TRANSACTION.itemsize - end}x")


_ROW_FIELDS = tuple(name for name in TRANSACTION.names or () if name != "reserved")
_ROW = _row_struct()


class TransactionConverter:
    """Turns checked transactions into TRANSACTION records.

    Args:
        reporting_limits: amount in major units by currency.
    """

    def __init__(self, reporting_limits: Mapping[str, float] = DEFAULT_REPORTING_LIMITS) -> None:
        self.reporting_limits = reporting_limits

    def rows(
        self, transactions: Sequence[transaction_pb2.Transaction], contents: Sequence[bytes]
    ) -> NDArray[Any]:
        """Return the records of transactions, shape (n,).

        Args:
            transactions: without violations.
            contents: what `content_of` gives for each.
        """
        size = _ROW.size
        packed = bytearray(size * len(transactions))
        for index, (transaction, content) in enumerate(zip(transactions, contents, strict=True)):
            if transaction.HasField("payment"):
                values = self._payment(transaction, content)
            else:
                values = _trade(transaction, content)
            _ROW.pack_into(packed, index * size, *values)
        return np.frombuffer(packed, TRANSACTION)

    def _payment(
        self, transaction: transaction_pb2.Transaction, content: bytes
    ) -> tuple[float, ...]:
        payment = transaction.payment
        has_position = payment.HasField("position")
        position = payment.position
        currency = payment.currency
        counterparty_account_id = payment.counterparty_account_id
        amount = major_units(payment.amount_minor, currency)
        return (
            keys.transaction_key(transaction.transaction_id),
            keys.content_key(content),
            time_ns(transaction.event_time),
            keys.account_key(payment.account_id),
            keys.merchant_key(payment.merchant_id, payment.terminal_id, counterparty_account_id),
            keys.device_key(payment.device_id),
            keys.account_key(counterparty_account_id),
            0,
            0,
            keys.ip_key(payment.ip_address),
            keys.card_bin_key(payment.card_bin),
            amount,
            0.0,
            0.0,
            position.latitude_deg if has_position else math.nan,
            position.longitude_deg if has_position else math.nan,
            reporting_limit(currency, self.reporting_limits),
            keys.pack_letters(currency),
            keys.pack_letters(payment.country),
            payment.mcc,
            KIND_PAYMENT,
            payment.channel,
            0,
        )


def _trade(transaction: transaction_pb2.Transaction, content: bytes) -> tuple[float, ...]:
    trade = transaction.trade
    price = trade.price_nanos / _NANOS
    quantity = trade.quantity_micros / _MICROS
    account_key = keys.trading_account_key(trade.account_id)
    return (
        keys.transaction_key(transaction.transaction_id),
        keys.content_key(content),
        time_ns(transaction.event_time),
        account_key,
        0,
        keys.device_key(trade.device_id),
        0,
        keys.instrument_key(trade.instrument_id),
        keys.trading_account_key(trade.owner_id) or account_key,
        0,
        0,
        price * quantity,
        price,
        quantity,
        math.nan,
        math.nan,
        math.nan,
        keys.pack_letters(trade.currency),
        0,
        0,
        KIND_TRADE,
        0,
        trade.side,
    )


def content_of(transaction: transaction_pb2.Transaction) -> bytes:
    """Return the bytes that two transactions share exactly when their content is the same."""
    return transaction.SerializeToString(deterministic=True)


def time_ns(time: Timestamp) -> int:
    """Return nanoseconds since the Unix epoch."""
    return time.seconds * NS_PER_S + time.nanos


def timestamp(instant_ns: int) -> Timestamp:
    """Return the message of an instant."""
    seconds, nanos = divmod(instant_ns, NS_PER_S)
    return Timestamp(seconds=seconds, nanos=nanos)


def score_result(
    transaction_id: str,
    assessment: Assessment,
    row: int,
    *,
    sequence: int,
    ingest_time_ns: int,
    alert_threshold: float,
) -> scoring_service_pb2.ScoreResult:
    """Return the answer for one row of an assessment."""
    risk_score = float(assessment.risk_score[row])
    ml = float(assessment.ml[row])
    # The model may have taken no part in this one row, such as a trade.
    model = None if math.isnan(ml) else assessment.model
    return scoring_service_pb2.ScoreResult(
        transaction_id=transaction_id,
        risk_score=risk_score,
        severity=int(assessment.severity[row]),  # type: ignore[arg-type] # the kernels' values
        decision=int(assessment.decision[row]),  # type: ignore[arg-type]
        detector_scores=scoring_service_pb2.DetectorScores(
            statistical=float(assessment.statistical[row]),
            behavioral=float(assessment.behavioral[row]),
            ml=None if math.isnan(ml) else ml,
        ),
        reasons=[
            scoring_service_pb2.Reason(
                code=reason.code,
                detector=reason.detector,  # type: ignore[arg-type]
                feature=reason.feature,
                value=reason.value,
                baseline=reason.baseline,
                contribution=reason.contribution,
                sentence=reason.sentence,
            )
            for reason in reasons(assessment, row)
        ],
        model_name=model.name if model else "",
        model_version=model.version if model else "",
        alert_id=alert_id(transaction_id) if risk_score >= alert_threshold else "",
        degraded_reasons=assessment.degraded_reasons,
        sequence=sequence,
        ingest_time=timestamp(ingest_time_ns),
    )


def scored_event(content: bytes, result: bytes, *, sequence: int, ingest_time_ns: int) -> bytes:
    """Return the bytes of the Event of a scored transaction, from its serialised parts."""
    scored = wire.field(_SCORED_TRANSACTION, content) + wire.field(_SCORED_RESULT, result)
    return _event(sequence, ingest_time_ns, wire.field(_EVENT_SCORED_TRANSACTION, scored))


def label_event(label: label_service_pb2.Label, *, sequence: int, ingest_time_ns: int) -> bytes:
    """Return the bytes of the Event of a label."""
    content = label.SerializeToString(deterministic=True)
    return _event(sequence, ingest_time_ns, wire.field(_EVENT_LABEL, content))


def result_of_event(payload: bytes) -> scoring_service_pb2.ScoreResult:
    """Return the answer that an event holds."""
    return event_service_pb2.Event.FromString(payload).scored_transaction.result


def label_of_event(payload: bytes) -> label_service_pb2.Label:
    """Return the label that an event holds."""
    return event_service_pb2.Event.FromString(payload).label


def _event(sequence: int, ingest_time_ns: int, kind: bytes) -> bytes:
    time = timestamp(ingest_time_ns).SerializeToString()
    return b"".join(
        (_EVENT_SEQUENCE, wire.varint(sequence), wire.field(_EVENT_INGEST_TIME, time), kind)
    )
