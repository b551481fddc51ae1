"""A receipt as JSON, for whoever checks it without our code."""

from typing import Any

from scoring_server.catalogue import FEATURES
from scoring_server.receipts.receipt import Receipt, proof_of


def exported(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt in values that JSON has; docs/receipts.md tells how to check it."""
    event, record = receipt.event, receipt.event.record
    values = receipt.evidence.features.view("f4").tolist()
    return {
        "transaction_id": receipt.result.transaction_id,
        "sequence": record.sequence,
        "ingest_time_ns": record.ingest_time_ns,
        "kind": record.kind,
        "key": record.key,
        "record": record.row.hex(),
        "event": record.payload.hex(),
        "evidence": event.evidence.hex(),
        "digest": event.digest().hex(),
        "link": event.link.hex() if event.link else None,
        "features": {name: value for name, value in zip(FEATURES, values, strict=True) if value},
        "ml": receipt.evidence.ml,
        "context_sha256": receipt.evidence.context.hex(),
        "context": receipt.context,
        "proof": proof_of(receipt),
    }
