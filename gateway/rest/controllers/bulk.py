"""Doing the same to many alerts."""

from collections.abc import Sequence

from litestar import post
from litestar.params import JSONBody

from gateway.domain.enumerations import CaseDecision
from gateway.domain.permission import Permission
from gateway.errors import FieldFault, InternalError, InvalidArgumentError
from gateway.rest.body import JsonBody, allowed_values, summary
from gateway.rest.error_responses import INTERNAL_MESSAGE, RESPONSES
from gateway.rest.schemas.queue import (
    BulkBody,
    BulkItemBody,
    BulkResultBody,
    BulkResultsBody,
    BulkSummaryBody,
)
from gateway.rest.session import analyst_of, require_permission
from gateway.rest.wiring_queue import Bulk
from gateway.services.bulk import BulkAction, BulkItem, BulkRequest, BulkResult

_MANAGED = frozenset({BulkAction.ASSIGN, BulkAction.DECIDE})


@post(
    "/api/alerts/bulk",
    status_code=200,
    dto=JsonBody[BulkBody],
    return_dto=None,
    responses=RESPONSES,
    operation_id="change_alerts",
    summary="Claim, release, assign or decide many alerts",
    tags=["queue"],
)
async def change_alerts(bulk: Bulk, data: JSONBody[BulkBody]) -> BulkResultsBody:
    """Do the same to up to 100 alerts, each wholly or not at all; safe to send again.

    The answer has one result an alert. `assign` and `decide` are a supervisor's right.
    """
    if data.action in _MANAGED:
        require_permission(Permission.MANAGE)
    items = [_item(each) for each in data.alert_ids]
    _check(data, items)
    assigns = data.action is BulkAction.ASSIGN
    results = await bulk.apply(
        BulkRequest(
            action=data.action,
            items=items,
            author=analyst_of(None if assigns else data.analyst_id),
            assignee=(data.analyst_id or "") if assigns else "",
            decision=data.decision,
            notes=(data.notes or "").strip(),
        )
    )
    failed = sum(result.error is not None for result in results)
    changed = sum(result.changed for result in results)
    return BulkResultsBody(
        [_result(result) for result in results],
        BulkSummaryBody(changed=changed, unchanged=len(results) - changed - failed, failed=failed),
    )


def _item(given: str | BulkItemBody) -> BulkItem:
    if isinstance(given, str):
        return BulkItem(given)
    return BulkItem(given.alert_id, given.expected_version)


def _check(data: BulkBody, items: Sequence[BulkItem]) -> None:
    faults = []
    if len({item.alert_id for item in items}) < len(items):
        faults.append(FieldFault("alert_ids", "alert_ids must name each alert once"))
    if data.action is BulkAction.DECIDE and data.decision is None:
        allowed = allowed_values(CaseDecision)
        text = f"decision is required to decide: one of {', '.join(allowed)}"
        faults.append(FieldFault("decision", text, allowed))
    if data.action is BulkAction.ASSIGN and data.analyst_id is None:
        faults.append(FieldFault("analyst_id", "analyst_id is required to assign"))
    if faults:
        raise InvalidArgumentError(summary(faults), faults=tuple(faults))


def _result(result: BulkResult) -> BulkResultBody:
    error, alert = result.error, result.alert
    if error is not None:
        internal = isinstance(error, InternalError)
        return BulkResultBody(
            alert_id=result.alert_id,
            ok=False,
            changed=False,
            error_code="INTERNAL" if internal else error.reason,
            message=INTERNAL_MESSAGE if internal else error.message,
            details=None if internal else error.details or None,
        )
    assert alert is not None
    return BulkResultBody(
        alert_id=result.alert_id,
        ok=True,
        changed=result.changed,
        status=alert.status,
        version=alert.version,
        assigned_to=alert.assigned_to,
    )
