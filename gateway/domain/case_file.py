"""Cases: alerts of one owner that are worked together, payments and trades alike.

The owner is the beneficial one where a trade names him, and the account itself otherwise. Two
alerts belong together when they have the account or the owner in common, or when the account of one
is the owner of the other.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from gateway.domain.alert import Alert
from gateway.errors import ConflictError, FieldFault, InvalidArgumentError

# Most alerts of one case; chosen by us: more than a person reads.
ALERTS_MAX = 500


class CaseStatus(StrEnum):
    """Whether a case is worked on."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class CaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """A case; its fields are the columns of the table `case_files`.

    Attributes:
        version: grows with every change, of its alerts too; notes leave it.
        owner_id: of its first alert.
        alert_count: how many alerts it holds now.
    """

    case_id: str
    version: int
    status: CaseStatus
    title: str
    owner_id: str
    assigned_to: str | None
    alert_count: int
    created_by: str
    created_time: datetime
    updated_time: datetime
    closed_time: datetime | None = None


class CaseEvent(msgspec.Struct, frozen=True):
    """One row of a case's history, notes included. Rows are only ever added."""

    case_id: str
    action: str
    analyst_id: str
    alert_id: str | None
    content: str
    event_time: datetime


class CaseChange(msgspec.Struct, frozen=True):
    """A case after a change, with the history rows that tell of it. Nothing is stored yet.

    Attributes:
        added, removed: ids of alerts, in the order of ids.
    """

    case: CaseFile
    events: tuple[CaseEvent, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class CaseEdit(msgspec.Struct, frozen=True, kw_only=True):
    """What to change about a case; None leaves it."""

    status: CaseStatus | None = None
    title: str | None = None
    assigned_to: str | None = None
    comment: str = ""


def owner_of(alert: Alert) -> str:
    """Return who owns the account of an alert; the account itself when nobody else does."""
    return alert.owner_id or alert.account_id


def keys_of(alert: Alert) -> frozenset[str]:
    """Return what an alert has to share with another to belong with it."""
    return frozenset({alert.account_id, owner_of(alert)})


def require_one_owner(keys: frozenset[str], alerts: Sequence[Alert], field: str) -> None:
    """Raise InvalidArgumentError unless all alerts belong with the keys, through each other too."""
    known = keys
    strangers = list(alerts)
    while joining := [alert for alert in strangers if keys_of(alert) & known]:
        known = known.union(*(keys_of(alert) for alert in joining))
        strangers = [alert for alert in strangers if alert not in joining]
    if strangers:
        named = ", ".join(alert.alert_id for alert in strangers)
        fault = FieldFault(field, f"{field} must be of one owner, others are {named}")
        raise InvalidArgumentError(fault.message, faults=(fault,))


def start(case: CaseFile, alerts: Sequence[Alert]) -> CaseChange:
    """Return a new case that holds the alerts.

    Raises:
        InvalidArgumentError: they are not of one owner.
    """
    require_one_owner(keys_of(alerts[0]), alerts, "alert_ids")
    told = [("OPENED", case.title)]
    if case.assigned_to is not None:
        told.append(("ASSIGNED", f"to {case.assigned_to}"))
    added = tuple(sorted({alert.alert_id for alert in alerts}))
    return CaseChange(
        msgspec.structs.replace(case, alert_count=len(added)),
        (
            *_told(case, told, case.created_by, case.created_time),
            *_each(case, "ALERT_ADDED", added, case.created_by, case.created_time),
        ),
        added=added,
    )


def regroup(
    case: CaseFile,
    members: Sequence[Alert],
    add: Sequence[Alert],
    remove: frozenset[str],
    analyst_id: str,
    now: datetime,
) -> CaseChange:
    """Return a case with alerts added and removed; what is so already stays as it is.

    Raises:
        ConflictError: the case is closed.
        InvalidArgumentError: the alerts are not of the case's owner, or too many.
    """
    if case.status is CaseStatus.CLOSED:
        raise ConflictError(
            "the case is closed; reopen it first",
            reason="CASE_CLOSED",
            details={"status": case.status},
        )
    present = {alert.alert_id for alert in members}
    staying = [alert for alert in members if alert.alert_id not in remove]
    keys = frozenset({case.owner_id}).union(*(keys_of(alert) for alert in staying))
    require_one_owner(keys, add, "add")
    added = tuple(sorted({alert.alert_id for alert in add} - present - remove))
    removed = tuple(sorted(remove & present))
    count = len(staying) + len(added)
    if count > ALERTS_MAX:
        fault = FieldFault("add", f"a case holds at most {ALERTS_MAX} alerts, would be {count}")
        raise InvalidArgumentError(fault.message, faults=(fault,))
    if not added and not removed:
        return CaseChange(case, ())
    events = (
        *_each(case, "ALERT_ADDED", added, analyst_id, now),
        *_each(case, "ALERT_REMOVED", removed, analyst_id, now),
    )
    changed = msgspec.structs.replace(
        case, version=case.version + 1, alert_count=count, updated_time=now
    )
    return CaseChange(changed, events, added, removed)


def edit(case: CaseFile, asked: CaseEdit, analyst_id: str, now: datetime) -> CaseChange:
    """Return a case closed, reopened, renamed or in other hands, each with its history row.

    Raises:
        ConflictError: it has the status already.
    """
    if asked.status is case.status:
        raise ConflictError(
            f"the case is {case.status} already",
            reason="ILLEGAL_TRANSITION",
            details={"status": case.status, "requested": asked.status},
        )
    actions: list[tuple[str, str]] = []
    if asked.title is not None and asked.title != case.title:
        actions.append(("RENAMED", asked.title))
    if asked.assigned_to is not None and asked.assigned_to != case.assigned_to:
        before = f" instead of {case.assigned_to}" if case.assigned_to else ""
        actions.append(("ASSIGNED", f"to {asked.assigned_to}{before}"))
    if asked.status is not None:
        closes = asked.status is CaseStatus.CLOSED
        actions.append(("CLOSED" if closes else "REOPENED", asked.comment))
    if not actions:
        return CaseChange(case, ())
    status = asked.status or case.status
    changed = msgspec.structs.replace(
        case,
        version=case.version + 1,
        status=status,
        title=case.title if asked.title is None else asked.title,
        assigned_to=case.assigned_to if asked.assigned_to is None else asked.assigned_to,
        updated_time=now,
        closed_time=(case.closed_time or now) if status is CaseStatus.CLOSED else None,
    )
    return CaseChange(changed, _told(case, actions, analyst_id, now))


def _told(
    case: CaseFile, actions: Sequence[tuple[str, str]], analyst_id: str, now: datetime
) -> tuple[CaseEvent, ...]:
    return tuple(
        CaseEvent(case.case_id, action, analyst_id, None, content, now)
        for action, content in actions
    )


def _each(
    case: CaseFile, action: str, alert_ids: Sequence[str], analyst_id: str, now: datetime
) -> tuple[CaseEvent, ...]:
    return tuple(
        CaseEvent(case.case_id, action, analyst_id, alert_id, "", now) for alert_id in alert_ids
    )
