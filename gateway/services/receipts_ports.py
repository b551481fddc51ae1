"""What the service of receipts needs from the outside."""

from typing import Protocol

from gateway.domain.receipt import DecisionExplanation, Receipt


class ReceiptServer(Protocol):
    """What the scoring server has recorded of decisions; see scoring/receipts.py."""

    async def receipt(self, transaction_id: str) -> Receipt: ...
    async def explanation(self, transaction_id: str) -> DecisionExplanation: ...
