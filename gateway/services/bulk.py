"""Doing the same to many alerts: each for itself, wholly or not at all, and safe to send again."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
import structlog

from gateway.domain.alert import Alert
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.errors import GatewayError, InternalError
from gateway.services.alerts import AlertService
from gateway.services.assignment import AssignmentService
from gateway.services.investigations import DecisionRequest, InvestigationService

BULK_SIZE_MAX = 100

_log = structlog.get_logger(__name__)


class BulkAction(StrEnum):
    """What is done to each alert."""

    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    DECIDE = "decide"


class BulkItem(msgspec.Struct, frozen=True):
    """An alert, and the version of it that the caller has seen."""

    alert_id: str
    expected_version: int | None = None


class BulkRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to do to which alerts.

    Attributes:
        author: who does it.
        assignee: who gets the alerts; needed by ASSIGN.
        decision: needed by DECIDE.
    """

    action: BulkAction
    items: Sequence[BulkItem]
    author: str
    assignee: str = ""
    decision: CaseDecision | None = None
    notes: str = ""


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one alert.

    Attributes:
        alert: as it is now; None with an error.
        changed: False when it was already as the action would have left it.
    """

    alert_id: str
    alert: Alert | None = None
    changed: bool = False
    error: GatewayError | None = None


class BulkService:
    """The use case of POST /api/alerts/bulk."""

    def __init__(
        self,
        alerts: AlertService,
        assignment: AssignmentService,
        investigations: InvestigationService,
    ) -> None:
        self._alerts = alerts
        self._assignment = assignment
        self._investigations = investigations

    async def apply(self, request: BulkRequest) -> list[BulkResult]:
        """Do it to one alert after the other, each in a transaction of its own.

        Raises:
            InvalidArgumentError: nothing was done: the assignee may not work alerts, or notes are
                required and missing.
        """
        if request.action is BulkAction.ASSIGN:
            await self._assignment.require_analyst(request.assignee)
        if request.action is BulkAction.DECIDE:
            self._investigations.require_notes(_decision(request, None))
        return [await self._one(request, item) for item in request.items]

    async def _one(self, request: BulkRequest, item: BulkItem) -> BulkResult:
        try:
            alert = await self._alerts.get(item.alert_id)
            # Before the version: the call that made it so may have been this one, sent before.
            if _is_done(request, alert):
                return BulkResult(alert_id=item.alert_id, alert=alert)
            return BulkResult(
                alert_id=item.alert_id, alert=await self._apply(request, item), changed=True
            )
        except GatewayError as error:
            if isinstance(error, InternalError):
                _log.exception("bulk_item_failed", action=request.action)
            return BulkResult(alert_id=item.alert_id, error=error)

    async def _apply(self, request: BulkRequest, item: BulkItem) -> Alert:
        alert_id, version = item.alert_id, item.expected_version
        if request.action is BulkAction.CLAIM:
            return await self._assignment.claim(alert_id, request.author, version)
        if request.action is BulkAction.RELEASE:
            return await self._assignment.release(alert_id, request.author, version)
        if request.action is BulkAction.ASSIGN:
            return await self._assignment.assign(
                alert_id, request.assignee, request.author, version
            )
        return await self._investigations.decide(alert_id, _decision(request, version))


def _decision(request: BulkRequest, expected_version: int | None) -> DecisionRequest:
    assert request.decision is not None
    return DecisionRequest(
        decision=request.decision,
        notes=request.notes,
        analyst_id=request.author,
        confidence=None,
        expected_version=expected_version,
    )


def _is_done(request: BulkRequest, alert: Alert) -> bool:
    """Return whether an alert is as the action would leave it.

    REVIEW leaves no trace on an alert, so it is recorded as often as it is sent.
    """
    held = alert.assigned_to if alert.status is AlertStatus.INVESTIGATING else None
    return {
        BulkAction.CLAIM: held == request.author,
        BulkAction.RELEASE: alert.status is AlertStatus.ACTIVE,
        BulkAction.ASSIGN: held == request.assignee,
        BulkAction.DECIDE: not alert.is_open and alert.outcome == request.decision,
    }[request.action]
