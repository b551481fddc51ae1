"""What an analyst is shown beside an alert."""

from datetime import datetime

from msgspec import Struct

from gateway.domain.alert import Alert, AlertTransaction, Note
from gateway.domain.transaction import TransactionRecord

# Most past scores, folded transactions and similar alerts that are shown with an alert.
HISTORY_LENGTH_MAX = 30
MEMBERS_MAX = 1000
SIMILAR_MAX = 10


class Explanation(Struct, frozen=True):
    """What explains an alert.

    Attributes:
        transaction: the one with the highest risk score; None if it is no longer kept.
        history: event time, risk score and model version of the account's last transactions, oldest
            first.
        members: all transactions of the alert, oldest first.
    """

    transaction: TransactionRecord | None
    history: list[tuple[datetime, float, str]]
    members: list[AlertTransaction]


class Work(Struct, frozen=True):
    """What was written about an alert, and closed alerts of its account, newest first."""

    notes: list[Note]
    similar: list[Alert]
