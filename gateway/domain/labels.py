"""What was said about a transaction, and which of it counts."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.domain.enumerations import LabelValue


class Facts(Struct, frozen=True, gc=False):
    """What is counted of a scored transaction.

    Attributes:
        alerted: the scores called for an alert.
    """

    event_time: datetime
    kind: str
    model_version: str
    currency: str
    amount_minor: int | None
    risk_score: float
    alerted: bool


class LabelReport(Struct, frozen=True, gc=False):
    """One label as it was said; nothing said is ever changed or dropped.

    Attributes:
        label_id: the same report has the same id, however often it comes.
        source: ANALYST, CHARGEBACK, CUSTOMER, OTHER, or EXTERNAL for what others told the scoring
            server.
        known_time: when it became known, on the clock of the transaction.
        reported_time: when it came to us, on our clock.
        reference: the reporter's own name for it; empty without one.
    """

    label_id: str
    transaction_id: str
    value: LabelValue
    source: str
    known_time: datetime
    reported_time: datetime
    reported_by: str
    reference: str


class Standing(Struct, frozen=True, gc=False):
    """The label that counts for a transaction.

    Attributes:
        since_time: from when on the value has been what it is; before known_time where a later
            label only confirmed an earlier one.
        facts: of the transaction; None while it is not known here.
    """

    transaction_id: str
    label_id: str
    value: LabelValue
    source: str
    known_time: datetime
    since_time: datetime
    facts: Facts | None


def standing_of(history: Sequence[LabelReport], facts: Facts | None) -> Standing:
    """Return what counts: the label that was known last, of two at once the one that came later.

    Args:
        history: all that was said about one transaction, by known_time and then as it came; not
            empty.
        facts: of the transaction, where it is known.
    """
    last = history[-1]
    since_time = last.known_time
    for report in reversed(history):
        if report.value != last.value:
            break
        since_time = report.known_time
    return Standing(
        last.transaction_id,
        last.label_id,
        last.value,
        last.source,
        last.known_time,
        since_time,
        facts,
    )
