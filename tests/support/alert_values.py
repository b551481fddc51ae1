"""Alerts and transactions as plain values, for tests without a database."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.domain.alert import Alert, alert_from_transaction
from gateway.domain.transaction import Reason, TransactionRecord

EVENT_TIME = datetime(2026, 2, 9, 14, 0, tzinfo=UTC)
INGEST_TIME = datetime(2026, 2, 9, 14, 0, 1, tzinfo=UTC)
REASON = Reason("ACCOUNT_AMOUNT", "STATISTICAL", "amount_robust_z", 6.0, 2.0, 0.6, "Far above.")

_EMPTY: dict[str, Any] = dict.fromkeys(TransactionRecord.__struct_fields__)


def transaction(transaction_id: str = "tx-1", **changes: Any) -> TransactionRecord:
    values = _EMPTY | {
        "transaction_id": transaction_id,
        "kind": "PAYMENT",
        "event_time": EVENT_TIME,
        "ingest_time": INGEST_TIME,
        "sequence": 1,
        "account_id": "account-1",
        "amount_minor": 8_550,
        "currency": "EUR",
        "risk_score": 85.5,
        "severity": "HIGH",
        "decision": "REVIEW",
        "statistical": 0.855,
        "behavioral": 0.25,
        "ml": 0.5,
        "model_name": "default",
        "model_version": "1.0.0",
        "degraded_reasons": "",
        "alert_id": f"alr_{transaction_id}",
        "reasons": msgspec.json.encode([REASON]).decode(),
    }
    return TransactionRecord(**(values | changes))


def alert(transaction_id: str = "tx-1", fraud_count: int = 0, **changes: Any) -> Alert:
    return alert_from_transaction(
        transaction(transaction_id, **changes), (REASON.code, REASON.sentence), fraud_count
    )
