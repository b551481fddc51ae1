"""Looking transactions up."""

from gateway.domain.pagination import (
    decode_time_cursor,
    encode_time_cursor,
    require_within_reach,
)
from gateway.domain.records import (
    COUNTED_MAX,
    WALK_MAX,
    TransactionDetail,
    TransactionPage,
    TransactionQuery,
    TransactionRows,
)
from gateway.errors import NotFoundError
from gateway.services.records_ports import RecordsDatabase

_LIST = "transactions"


class RecordsService:
    """The use cases of the transaction page."""

    def __init__(self, database: RecordsDatabase) -> None:
        self._database = database

    async def page(self, query: TransactionQuery) -> TransactionPage:
        """Return one page of transactions, newest event first.

        A page of several filters may be short and still go on: a request looks at a bounded number
        of transactions.

        Raises:
            InvalidArgumentError: no filter, a foreign cursor, or a page further back than page
                numbers reach.
        """
        filters = query.filters()
        after = decode_time_cursor(query.cursor, _LIST) if query.cursor else None
        offset = 0 if after else (query.page - 1) * query.limit
        reach = COUNTED_MAX if len(filters) == 1 else WALK_MAX
        async with self._database.read() as unit:
            total, more = await unit.transactions.counted(filters, reach)
            found = TransactionRows([], None)
            if after or offset < total or more:
                require_within_reach(query, reach)
                # One more than asked for tells whether the list goes on.
                found = await unit.transactions.listed(
                    filters, after, offset, query.limit + 1, WALK_MAX
                )
        rows = found.rows[: query.limit]
        place = found.walked
        if len(found.rows) > query.limit:
            place = rows[-1].event_time, rows[-1].transaction_id
        return TransactionPage(
            rows, total, more, None if place is None else encode_time_cursor(_LIST, *place)
        )

    async def detail(self, transaction_id: str) -> TransactionDetail:
        """Return a transaction with its alert and label, or raise NotFoundError."""
        async with self._database.read() as unit:
            found = await unit.feed.transaction(transaction_id)
            if found is None:
                raise NotFoundError(
                    "no such transaction", details={"transaction_id": transaction_id}
                )
            return TransactionDetail(
                found,
                None if found.alert_id is None else await unit.alerts.get(found.alert_id),
                await unit.transactions.label(transaction_id),
                await unit.suppressions.suppressing(transaction_id),
            )
