"""Working an alert: what is known about it, decisions, notes and history."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from gateway.domain import life_cycle
from gateway.domain.alert import Alert, AlertEvent, DecisionRecord, Note
from gateway.domain.enumerations import CaseDecision
from gateway.domain.explanation import Work
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.services.alerts import (
    AlertDetail,
    read_alert,
    read_detail,
    require_version,
    store_change,
)
from gateway.services.case_ports import CaseDatabase
from gateway.services.labelling import decided_labels


class Case(msgspec.Struct, frozen=True):
    """An alert with everything an analyst looks at.

    Attributes:
        case_id: of the open case that it is in; None in none.
    """

    detail: AlertDetail
    work: Work
    case_id: str | None


class DecisionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What an analyst decided."""

    decision: CaseDecision
    notes: str
    analyst_id: str
    confidence: float | None
    expected_version: int | None


class InvestigationService:
    """The use cases of the investigation page."""

    def __init__(
        self,
        database: CaseDatabase,
        now: Callable[[], datetime],
        new_id: Callable[[str], str],
        label_wake: Callable[[], None],
        *,
        require_fraud_notes: bool,
    ) -> None:
        self._database = database
        self._now = now
        self._new_id = new_id
        self._label_wake = label_wake
        self._require_fraud_notes = require_fraud_notes

    async def case(self, alert_id: str) -> Case:
        """Return everything about an alert, or raise NotFoundError."""
        async with self._database.read() as unit:
            detail = await read_detail(unit, alert_id)
            own_id = detail.alert.alert_id
            return Case(
                detail,
                await unit.explanations.work(detail.alert),
                (await unit.case_files.open_cases_of([own_id])).get(own_id),
            )

    async def decide(self, alert_id: str, request: DecisionRequest) -> Alert:
        """Record a decision.

        The alert's change, its history, the decision and its labels, all or nothing.

        Raises:
            NotFoundError: no such alert.
            ConflictError: the alert is closed, or somebody else changed it first.
            InvalidArgumentError: notes are required and missing.
        """
        self.require_notes(request)
        now = self._now()
        decision_id = self._new_id("dec")
        async with self._database.write() as unit:
            alert = await read_alert(unit, alert_id, lock=True)
            require_version(alert, request.expected_version)
            change = life_cycle.decide(
                alert, request.decision, request.analyst_id, request.notes, now
            )
            await store_change(unit, alert, change)
            await unit.cases.add_decision(
                DecisionRecord(
                    decision_id,
                    alert.alert_id,
                    request.decision,
                    request.notes,
                    request.analyst_id,
                    request.confidence,
                    now,
                )
            )
            if request.notes:
                await unit.cases.add_note(
                    Note(
                        self._new_id("note"), alert.alert_id, request.notes, request.analyst_id, now
                    )
                )
            await unit.outbox.add(
                await decided_labels(unit, change.alert, request.decision, decision_id, now)
            )
        self._label_wake()
        return change.alert

    async def add_note(self, alert_id: str, content: str, analyst_id: str) -> Note:
        """Store a note and its history row, or raise NotFoundError.

        The alert itself does not change.
        """
        now = self._now()
        async with self._database.write() as unit:
            alert = await read_alert(unit, alert_id, lock=True)
            note = Note(self._new_id("note"), alert.alert_id, content, analyst_id, now)
            await unit.cases.add_note(note)
            await unit.alerts.add_events(
                [
                    AlertEvent(
                        alert.alert_id,
                        "NOTE_ADDED",
                        alert.status,
                        alert.status,
                        analyst_id,
                        content,
                        now,
                    )
                ]
            )
        return note

    async def history(self, alert_id: str) -> tuple[Alert, list[AlertEvent]]:
        """Return an alert and what happened to it, oldest first, or raise NotFoundError."""
        async with self._database.read() as unit:
            alert = await read_alert(unit, alert_id)
            return alert, await unit.alerts.events(alert.alert_id)

    def require_notes(self, request: DecisionRequest) -> None:
        """Raise InvalidArgumentError when a decision has to be explained and is not."""
        missing = request.decision is CaseDecision.FRAUD and not request.notes
        if self._require_fraud_notes and missing:
            fault = FieldFault("notes", "notes are required for a decision FRAUD, were empty")
            raise InvalidArgumentError(fault.message, faults=(fault,))
