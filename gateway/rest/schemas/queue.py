"""Bodies of the endpoints about who works which alert."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.rest.schemas.alerts import AlertBody, AnalystId

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
