"""Transactions, one and by what they share."""

from litestar import Controller, get

from gateway.domain.pagination import LIMIT_DEFAULT
from gateway.domain.records import TransactionQuery
from gateway.rest import records_views as views
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.records import TransactionDetailEnvelope, TransactionListBody
from gateway.rest.wiring import Clock
from gateway.rest.wiring_people import Limit, Page
from gateway.rest.wiring_records import Cursor, IdFilter, PathId, Records


class TransactionController(Controller):
    """Paths below /api/transactions."""

    path = "/api/transactions"
    tags = ("transactions",)

    @get(responses=RESPONSES, operation_id="list_transactions", summary="List transactions")
    async def list_transactions(
        self,
        records: Records,
        account: IdFilter = "",
        merchant: IdFilter = "",
        device: IdFilter = "",
        ip: IdFilter = "",
        instrument: IdFilter = "",
        counterparty: IdFilter = "",
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
    ) -> TransactionListBody:
        """Return transactions for which all filters hold, newest first; at least one is needed.

        With several filters a page may be short and still have a `next_cursor`.
        """
        query = TransactionQuery(
            page=page,
            limit=limit,
            cursor=cursor,
            account=account,
            merchant=merchant,
            device=device,
            ip=ip,
            instrument=instrument,
            counterparty=counterparty,
        )
        return views.transaction_list(await records.page(query), query)

    @get(
        "/{transaction_id:str}",
        responses=RESPONSES,
        operation_id="get_transaction",
        summary="Get a transaction",
    )
    async def get_transaction(
        self, records: Records, clock: Clock, transaction_id: PathId
    ) -> TransactionDetailEnvelope:
        """Return a transaction with its scores, reasons, alert and label."""
        return TransactionDetailEnvelope(
            views.transaction_detail(await records.detail(transaction_id), clock())
        )
