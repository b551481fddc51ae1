"""Bodies of the endpoints about who works which alert."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.rest.schemas.alerts import AlertBody, AnalystId
from gateway.services.bulk import BULK_SIZE_MAX, BulkAction

AlertIdText = Annotated[str, Meta(min_length=1, max_length=64)]
Version = Annotated[int, Meta(ge=1)]


class ClaimBody(Struct):
    """Who takes or releases the alert, where there is no login.

    `expected_version` makes it fail if somebody else was faster.
    """

    analyst_id: AnalystId | None = None
    expected_version: Version | None = None


class AssignBody(Struct):
    """Who is to work the alert."""

    analyst_id: AnalystId
    expected_version: Version | None = None


class NextBody(Struct):
    """Who asks for work, where there is no login."""

    analyst_id: AnalystId | None = None


class AlertEnvelope(Struct):
    """One alert as lists show it."""

    data: AlertBody


class NextAlertEnvelope(Struct):
    """The alert to work on; null when none waits."""

    data: AlertBody | None


class BulkItemBody(Struct):
    """An alert, and the version of it that the client has seen."""

    alert_id: AlertIdText
    expected_version: Version | None = None


class BulkBody(Struct):
    """What to do to which alerts.

    Attributes:
        alert_ids: ids, or ids with `expected_version`; each once.
        decision, notes: of the action `decide`.
        analyst_id: who gets the alerts, of the action `assign`; otherwise who acts, where there is
            no login.
    """

    action: BulkAction
    alert_ids: Annotated[
        list[AlertIdText | BulkItemBody],
        Meta(min_length=1, max_length=BULK_SIZE_MAX, extra_json_schema={"uniqueItems": True}),
    ]
    decision: CaseDecision | None = None
    notes: Annotated[str, Meta(max_length=1000)] | None = None
    analyst_id: AnalystId | None = None


class BulkResultBody(Struct, kw_only=True):
    """What became of one alert.

    Attributes:
        changed: false also when it was already as the action would have left it.
        status, version, assigned_to: as it is now; null with an error.
    """

    alert_id: str
    ok: bool
    changed: bool
    status: AlertStatus | None = None
    version: int | None = None
    assigned_to: str | None = None
    error_code: str | None = None
    message: str | None = None
    details: dict[str, Any] | None = None


class BulkSummaryBody(Struct, kw_only=True):
    """How many alerts were changed, were as wanted already, and were refused."""

    changed: int
    unchanged: int
    failed: int


class BulkResultsBody(Struct):
    """One result an alert, in the order of the request."""

    data: list[BulkResultBody]
    summary: BulkSummaryBody
