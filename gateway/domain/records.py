"""Looking transactions up by what they have in common."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.alert import Alert
from gateway.domain.pagination import PageQuery
from gateway.domain.transaction import TransactionRecord
from gateway.errors import FieldFault, InvalidArgumentError

# Transactions that are counted, and that page numbers reach; a cursor goes on from there. Those of
# one filter are counted in its index; where several have to hold, so many are looked at one by one.
# Chosen by us, for a millisecond or two.
COUNTED_MAX = 1_000
WALK_MAX = 300


class TransactionQuery(PageQuery, frozen=True, kw_only=True):
    """Which transactions to list; an empty filter is none. Ids are compared as they are.

    The filters stand in the order in which they usually leave the fewest transactions: the first
    that is set is looked up, the others are compared.
    """

    account: str = ""
    device: str = ""
    counterparty: str = ""
    ip: str = ""
    instrument: str = ""
    merchant: str = ""

    def filters(self) -> list[tuple[str, str]]:
        """Return the columns that have to have a value, the one to look up first.

        Raises:
            InvalidArgumentError: no filter is set.
        """
        found = [
            (column, value) for name, column in _COLUMNS.items() if (value := getattr(self, name))
        ]
        if not found:
            names = ", ".join(_COLUMNS)
            fault = FieldFault("account", f"one of {names} is required, none was given")
            raise InvalidArgumentError(fault.message, faults=(fault,))
        return found


_COLUMNS = {
    "account": "account_id",
    "device": "device_id",
    "counterparty": "counterparty_account_id",
    "ip": "ip_address",
    "instrument": "instrument_id",
    "merchant": "merchant_id",
}


class TransactionRows(Struct, frozen=True):
    """Some transactions of a list.

    Attributes:
        walked: time and id of the last transaction that was looked at, where more follow that were
            not; None where the rows end the list or go beyond what was asked for.
    """

    rows: list[TransactionRecord]
    walked: tuple[datetime, str] | None


class TransactionPage(Struct, frozen=True):
    """One page of transactions, newest event first.

    Attributes:
        total: of all pages, as far as they were counted.
        next_cursor: continues after the page; None at the end.
    """

    rows: list[TransactionRecord]
    total: int
    total_is_lower_bound: bool
    next_cursor: str | None


class LabelState(Struct, frozen=True):
    """What a transaction is known to have been."""

    value: str
    source: str
    known_time: datetime


class TransactionDetail(Struct, frozen=True):
    """A transaction with its alert and its label, where it has them.

    Attributes:
        suppressed_by: id of the rule that held its alert back; None without one.
    """

    transaction: TransactionRecord
    alert: Alert | None
    label: LabelState | None
    suppressed_by: str | None
