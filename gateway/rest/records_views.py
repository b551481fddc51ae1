"""From transactions and entities to the bodies that show them."""

from datetime import datetime

import msgspec

from gateway.domain.intake import reasons_of
from gateway.domain.records import TransactionDetail, TransactionPage, TransactionQuery
from gateway.domain.transaction import TransactionRecord
from gateway.rest import views
from gateway.rest.paging import pagination
from gateway.rest.schemas import records as bodies


def transaction_list(found: TransactionPage, query: TransactionQuery) -> bodies.TransactionListBody:
    """Return a page of transactions."""
    return bodies.TransactionListBody(
        [transaction_row(each) for each in found.rows],
        pagination(
            query,
            found.total,
            found.next_cursor,
            total_is_lower_bound=found.total_is_lower_bound,
        ),
    )


def transaction_row(record: TransactionRecord) -> bodies.TransactionRowBody:
    """Return a transaction as lists show it."""
    return bodies.TransactionRowBody(
        **msgspec.structs.asdict(views.transaction(record)),
        severity=record.severity,
        alert_id=record.alert_id,
    )


def transaction_detail(found: TransactionDetail, now: datetime) -> bodies.TransactionDetailBody:
    """Return a transaction with its alert and label."""
    record = found.transaction
    label = found.label
    shown = msgspec.structs.asdict(views.transaction(record))
    return bodies.TransactionDetailBody(
        **shown,
        severity=record.severity,
        ingested_at=record.ingest_time,
        owner_id=record.owner_id,
        order_id=record.order_id,
        card_bin=record.card_bin,
        latitude=record.latitude_deg,
        longitude=record.longitude_deg,
        detector_scores=views.detector_scores(record.statistical, record.behavioral, record.ml),
        feature_deviations=[views.deviation(reason) for reason in reasons_of(record)],
        model_name=record.model_name,
        model_version=record.model_version,
        degraded_reasons=[code for code in record.degraded_reasons.split(",") if code],
        alert=None if found.alert is None else views.alert(found.alert, now),
        suppressed_by=found.suppressed_by,
        label=None
        if label is None
        else bodies.KnownLabelBody(label.value, label.source, label.known_time),
    )
