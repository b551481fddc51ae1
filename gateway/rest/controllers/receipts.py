"""How the decision about a transaction is proved and explained."""

from litestar import Controller, get

from gateway.domain.receipt import DecisionExplanation, Receipt
from gateway.rest import encoded_slash
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.receipts import (
    AttributionBody,
    CounterfactualBody,
    DecisionExplanationBody,
    DecisionExplanationEnvelope,
    ReceiptBody,
    ReceiptEnvelope,
    ReplayBody,
    ReplayDifferenceBody,
)
from gateway.rest.wiring_records import PathId, Receipts

_PLACES = 4


class ReceiptController(Controller):
    """Paths below one transaction."""

    path = "/api/transactions/{transaction_id:str}"
    tags = ("transactions",)

    @get(
        "/receipt",
        responses=RESPONSES,
        operation_id="get_receipt",
        summary="Get the receipt of a decision",
    )
    async def get_receipt(self, receipts: Receipts, transaction_id: PathId) -> ReceiptEnvelope:
        """Return what the decision was made from, its place in the signed chain, and a replay."""
        return ReceiptEnvelope(
            receipt_body(await receipts.receipt(encoded_slash.restored(transaction_id)))
        )

    @get(
        "/explanation",
        responses=RESPONSES,
        operation_id="explain_decision",
        summary="Explain a decision",
    )
    async def explain_decision(
        self, receipts: Receipts, transaction_id: PathId
    ) -> DecisionExplanationEnvelope:
        """Return what raised the model's score, and what would have been enough for approval.

        409 when the model that took part is no longer there as it was.
        """
        return DecisionExplanationEnvelope(
            explanation_body(await receipts.explanation(encoded_slash.restored(transaction_id)))
        )


def receipt_body(receipt: Receipt) -> ReceiptBody:
    """Return a receipt as the API shows it."""
    differences = [
        ReplayDifferenceBody(each.field, each.recorded, each.replayed)
        for each in receipt.differences
    ]
    return ReceiptBody(
        receipt.content, ReplayBody(not differences, differences, list(receipt.changed))
    )


def explanation_body(told: DecisionExplanation) -> DecisionExplanationBody:
    """Return an explanation as the API shows it."""
    return DecisionExplanationBody(
        [
            AttributionBody(
                each.feature,
                round(each.value, _PLACES),
                round(each.baseline, _PLACES),
                round(each.contribution, _PLACES),
                each.sentence,
            )
            for each in told.attributions
        ],
        [
            CounterfactualBody(
                list(each.codes), each.amount_below, round(each.risk_score, _PLACES), each.sentence
            )
            for each in told.counterfactuals
        ],
    )
