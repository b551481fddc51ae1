"""Bodies of the label endpoints."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.enumerations import LabelSource, LabelValue

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+\Z")]


class NewLabel(Struct, kw_only=True):
    """What a transaction was, as somebody outside says.

    Attributes:
        known_time: when it became known, on the clock of the transaction, not in the future; left
            out, it is known from now on. Of contradicting labels the one known last counts.
        reference: the reporter's name for this report, such as a case number with its stage. Sent
            again it changes nothing; with another content it is refused.
    """

    transaction_id: Name
    value: LabelValue
    source: LabelSource
    known_time: Annotated[datetime, Meta(tz=True)] | None = None
    reference: Name | None = None


class LabelsTaken(Struct):
    """What became of the labels; `label_ids` stand in the order in which the labels came."""

    accepted: int
    repeated: int
    label_ids: list[str]


class LabelsTakenEnvelope(Struct):
    """What became of the labels."""

    data: LabelsTaken


class LabelFileTaken(Struct):
    """What became of the rows of a file."""

    rows: int
    accepted: int
    repeated: int


class LabelFileTakenEnvelope(Struct):
    """What became of the rows of a file."""

    data: LabelFileTaken


class LabelBody(Struct):
    """One label as it was said; `reported_time` is on our clock."""

    label_id: str
    value: LabelValue
    source: str
    known_time: datetime
    reported_time: datetime
    reported_by: str
    reference: str


class LabelHistoryBody(Struct):
    """What was said about a transaction, by the time it was known; the last one counts.

    `value` is null while nothing counts: nothing was said, or what was said was withdrawn. `since`
    is from when on it has been what it is. `counted` says that the transaction is in the figures.
    """

    transaction_id: str
    value: LabelValue | None
    since: datetime | None
    counted: bool
    history: list[LabelBody]


class LabelHistoryEnvelope(Struct):
    """What was said about a transaction."""

    data: LabelHistoryBody
