"""Proofs and explanations of decisions, for those who look at a transaction."""

from gateway.domain.receipt import DecisionExplanation, Receipt
from gateway.services.receipts_ports import ReceiptServer


class ReceiptService:
    """Asks the scoring server, which alone has them. Raises what scoring/receipts.py raises."""

    def __init__(self, server: ReceiptServer) -> None:
        self._server = server

    async def receipt(self, transaction_id: str) -> Receipt:
        """Return what a decision was made from, and what a replay of it gives."""
        return await self._server.receipt(transaction_id)

    async def explanation(self, transaction_id: str) -> DecisionExplanation:
        """Return what raised the model's score, and what would have been enough."""
        return await self._server.explanation(transaction_id)
