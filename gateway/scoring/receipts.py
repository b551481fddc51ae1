"""The client's part for receipts: what a decision was made from, and why it came out so."""

from typing import Any

import grpc
import msgspec
from anomaly.v1 import receipt_service_pb2, receipt_service_pb2_grpc

from gateway.domain.receipt import (
    Attribution,
    Counterfactual,
    DecisionExplanation,
    Receipt,
    ReplayDifference,
)
from gateway.scoring.status import refusals, translated

# A model may have to be loaded first.
_EXPLAIN_TIMEOUT_S = 10.0


class ReceiptClient:
    """Asks ReceiptService over a channel.

    Both raise NotFoundError where the scoring server has no such decision, ConflictError where what
    it was made with is no longer there, and UnavailableError where the server is away.
    """

    def __init__(self, channel: grpc.aio.Channel, timeout_s: float) -> None:
        self._stub: Any = receipt_service_pb2_grpc.ReceiptServiceStub(channel)
        self._timeout_s = timeout_s

    async def receipt(self, transaction_id: str) -> Receipt:
        """Return the receipt of a decision."""
        request = receipt_service_pb2.GetReceiptRequest(transaction_id=transaction_id)
        with translated(), refusals():
            answer = await self._stub.GetReceipt(request, timeout=self._timeout_s)
        return Receipt(
            msgspec.json.decode(answer.receipt_json, type=dict[str, Any]),
            tuple(
                ReplayDifference(each.field, each.recorded, each.replayed)
                for each in answer.differences
            ),
            tuple(answer.changed),
        )

    async def explanation(self, transaction_id: str) -> DecisionExplanation:
        """Return what raised the model's score, and what would have been enough."""
        request = receipt_service_pb2.ExplainDecisionRequest(transaction_id=transaction_id)
        with translated(), refusals():
            answer = await self._stub.ExplainDecision(request, timeout=_EXPLAIN_TIMEOUT_S)
        return DecisionExplanation(
            tuple(
                Attribution(
                    each.feature, each.value, each.baseline, each.contribution, each.sentence
                )
                for each in answer.attributions
            ),
            tuple(
                Counterfactual(
                    tuple(each.codes),
                    each.amount_below if each.HasField("amount_below") else None,
                    each.risk_score,
                    each.sentence,
                )
                for each in answer.counterfactuals
            ),
        )
