"""Bodies of the endpoints about cases."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.case_file import CaseStatus
from gateway.domain.enumerations import AlertStatus
from gateway.rest.schemas.alerts import AlertBody, AnalystId, PaginationBody
from gateway.rest.schemas.queue import AlertIdText, Version

Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
AlertIds = Annotated[list[AlertIdText], Meta(min_length=1, max_length=100)]


class CaseStatusFilter(StrEnum):
    """A status, or ALL for no filter."""

    ALL = "ALL"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class NewCaseBody(Struct, kw_only=True):
    """A case to make, of alerts of one owner.

    Attributes:
        assigned_to: who works it; nobody when left out.
        analyst_id: who makes it, where there is no login.
    """

    title: Title
    alert_ids: AlertIds
    assigned_to: AnalystId | None = None
    analyst_id: AnalystId | None = None


class CaseAlertsBody(Struct, kw_only=True):
    """Alerts to put into a case and to take out of it."""

    add: AlertIds | None = None
    remove: AlertIds | None = None
    expected_version: Version | None = None
    analyst_id: AnalystId | None = None


class CaseEditBody(Struct, kw_only=True):
    """What to change about a case; what is left out stays. `comment` says why it is closed."""

    status: CaseStatus | None = None
    title: Title | None = None
    assigned_to: AnalystId | None = None
    comment: Annotated[str, Meta(max_length=1000)] | None = None
    expected_version: Version | None = None
    analyst_id: AnalystId | None = None


class CaseBody(Struct, kw_only=True):
    """A case in a list. `owner_id` is the owner, or the account, of its first alert."""

    case_id: str
    version: int
    status: CaseStatus
    title: str
    owner_id: str
    assigned_to: str | None
    alert_count: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class CaseHistoryBody(Struct, kw_only=True):
    """One thing that happened to a case, or to an alert of it when there is a `new_status`."""

    timestamp: datetime
    action: str
    analyst_id: str
    content: str
    alert_id: str | None
    old_status: AlertStatus | None = None
    new_status: AlertStatus | None = None


class CaseDetailBody(CaseBody, kw_only=True):
    """A case with its alerts, and notes and history of it and of them, both oldest first.

    `history_complete` is false when there is more than the newest thousand rows.
    """

    alerts: list[AlertBody]
    history: list[CaseHistoryBody]
    history_complete: bool


class CaseEnvelope(Struct):
    """One case."""

    data: CaseBody


class CaseDetailEnvelope(Struct):
    """One case with all about it."""

    data: CaseDetailBody


class CaseNoteEnvelope(Struct):
    """The row of history that holds a note."""

    data: CaseHistoryBody


class CaseListBody(Struct):
    """A page of cases."""

    data: list[CaseBody]
    pagination: PaginationBody


class SuggestedAlertsBody(Struct):
    """Open alerts of the same owner, most urgent first, at most 100."""

    data: list[AlertBody]
