"""What is shown of one decision: why it came out so, and the receipt that proves it."""

from litestar import Response, get

from gateway.console.rendering import page
from gateway.errors import ConflictError, NotFoundError, UnavailableError
from gateway.rest import encoded_slash
from gateway.rest.controllers.receipts import explanation_body, receipt_body
from gateway.rest.wiring import AlertId, Alerts
from gateway.rest.wiring_records import PathId, Receipts


@get("/investigations/{alert_id:str}/explanation", include_in_schema=False)
async def show_explanation(alerts: Alerts, receipts: Receipts, alert_id: AlertId) -> Response[str]:
    """Show what raised the model's score and what would have been enough for approval."""
    alert = await alerts.get(alert_id)
    told, fault = None, ""
    try:
        told = explanation_body(await receipts.explanation(alert.transaction_id))
    except (ConflictError, NotFoundError, UnavailableError) as error:
        # The page shows the rest of the alert all the same.
        fault = error.message
    return page("explanation.html", "/queue", told=told, fault=fault)


@get("/transactions/{transaction_id:str}/receipt", include_in_schema=False)
async def show_receipt(receipts: Receipts, transaction_id: PathId) -> Response[str]:
    """Show what a decision was made from, and that it comes out the same today."""
    restored = encoded_slash.restored(transaction_id)
    return page(
        "receipt.html",
        "/queue",
        transaction_id=restored,
        shown=receipt_body(await receipts.receipt(restored)),
    )
