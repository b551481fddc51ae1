"""ReceiptService of the scripted scoring server: one decision that it knows all about."""

import json
from typing import Any

import grpc
from anomaly.v1 import receipt_service_pb2, receipt_service_pb2_grpc
from google.rpc import error_details_pb2

from tests.support.scripted_models import refuse

CONTENT = {
    "transaction_id": "",
    "sequence": 7,
    "digest": "d1" * 32,
    "link": "71" * 32,
    "features": {"amount": 12.5, "account_count_1h": 4.0},
    "ml": 0.75,
    "context": {
        "software": "1.0.0",
        "rules_sha256": "aa" * 32,
        "catalogue_sha256": "bb" * 32,
        "model": {"name": "default", "version": "1.0.0", "sha256": "cc" * 32, "threshold": 0.5},
        "degraded": [],
        "settings": {"alert_threshold": 50.0, "review_threshold": 50.0},
        "user_rules": "",
    },
    "proof": {
        "previous_link": "70" * 32,
        "digests": ["d2" * 32],
        "checkpoint": {"sequence": 8, "key": "ee" * 32},
    },
}
CHANGED_MODEL = "changed-model"
OTHERWISE = "otherwise"


class ScriptedReceipts(receipt_service_pb2_grpc.ReceiptServiceServicer):
    """Knows the transactions whose ids `known` holds, and two of its own."""

    def __init__(self, known: Any) -> None:
        self._known = known

    async def GetReceipt(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._check(request, context)
        content = json.dumps(CONTENT | {"transaction_id": request.transaction_id})
        response = receipt_service_pb2.GetReceiptResponse(receipt_json=content)
        if request.transaction_id == OTHERWISE:
            response.differences.add(field="risk_score", recorded="61.5", replayed="48.25")
            response.changed.append("rules")
        return response

    async def ExplainDecision(self, request: Any, context: Any) -> Any:  # noqa: N802
        await self._check(request, context)
        if request.transaction_id == CHANGED_MODEL:
            info = error_details_pb2.ErrorInfo(reason="MODEL_CHANGED", domain="anomaly")
            message = "the model default/1.0.0 must be the one that scored"
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, message, info)
        response = receipt_service_pb2.ExplainDecisionResponse()
        response.attributions.add(
            feature="amount", value=900.12345, baseline=40.0, contribution=0.61,
            sentence="the amount is far above what is usual",
        )  # fmt: skip
        response.counterfactuals.add(
            codes=["LOWER_AMOUNT"], amount_below=120.0, risk_score=31.5,
            sentence="would have been approved at 120.00 or less",
        )  # fmt: skip
        response.counterfactuals.add(
            codes=["KNOWN_DEVICE"], risk_score=22.0,
            sentence="would have been approved from a known device",
        )  # fmt: skip
        return response

    async def _check(self, request: Any, context: Any) -> None:
        if request.transaction_id in {CHANGED_MODEL, OTHERWISE}:
            return
        if request.transaction_id not in self._known():
            info = error_details_pb2.ErrorInfo(reason="TRANSACTION_UNKNOWN", domain="anomaly")
            message = (
                f"transaction_id must be one that was scored here, was {request.transaction_id}"
            )
            await refuse(context, grpc.StatusCode.NOT_FOUND, message, info)
