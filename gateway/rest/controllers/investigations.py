"""Working an alert: the case, decisions, notes and history."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody

from gateway.domain.enumerations import CaseDecision
from gateway.rest import views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.if_match import expected_version, version_tag
from gateway.rest.schemas.alerts import (
    DecisionBody,
    DecisionTaken,
    HistoryBody,
    HistoryEntryBody,
    InvestigationEnvelope,
    NewNote,
    NoteAdded,
)
from gateway.rest.session import analyst_of
from gateway.rest.wiring import AlertId, Clock, Investigations
from gateway.services.investigations import DecisionRequest

_MESSAGES = {
    CaseDecision.FRAUD: "the alert was resolved as fraud",
    CaseDecision.LEGITIMATE: "the alert was closed as a false positive",
    CaseDecision.REVIEW: "the alert stays under investigation",
}


class InvestigationController(Controller):
    """Paths below /api/investigations/{id}; the id is the alert's."""

    path = "/api/investigations/{alert_id:str}"
    tags = ("investigations",)

    @get(responses=RESPONSES, operation_id="get_investigation", summary="Get the case of an alert")
    async def get_investigation(
        self, investigations: Investigations, clock: Clock, alert_id: AlertId
    ) -> Response[InvestigationEnvelope]:
        """Return the alert, its transactions, notes, the account's past and similar alerts."""
        case = await investigations.case(alert_id)
        return Response(
            InvestigationEnvelope(views.investigation(case, clock())),
            headers=version_tag(case.detail.alert.version),
        )

    @post(
        "/decision",
        status_code=200,
        dto=JsonBody[DecisionBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="decide",
        summary="Decide an alert",
    )
    async def decide(
        self,
        request: Request[Any, Any, Any],
        investigations: Investigations,
        alert_id: AlertId,
        data: JSONBody[DecisionBody],
    ) -> Response[DecisionTaken]:
        """Record a decision.

        It labels all transactions of the alert, and the scoring server learns from that.
        """
        alert = await investigations.decide(
            alert_id,
            DecisionRequest(
                decision=data.decision,
                notes=(data.notes or "").strip(),
                analyst_id=analyst_of(data.analyst_id),
                confidence=data.confidence,
                expected_version=expected_version(request, data.expected_version),
            ),
        )
        return Response(
            DecisionTaken(
                success=True,
                alert_id=alert.alert_id,
                updated_status=alert.status,
                message=_MESSAGES[data.decision],
                version=alert.version,
            ),
            headers=version_tag(alert.version),
        )

    @post(
        "/notes",
        dto=JsonBody[NewNote],
        return_dto=None,
        responses=RESPONSES,
        operation_id="add_note",
        summary="Add a note",
    )
    async def add_note(
        self, investigations: Investigations, alert_id: AlertId, data: JSONBody[NewNote]
    ) -> NoteAdded:
        """Store a note of 1 to 1,000 characters."""
        note = await investigations.add_note(alert_id, data.content, analyst_of(data.analyst_id))
        return NoteAdded(success=True, message="the note was added", note_id=note.note_id)

    @get(
        "/history",
        responses=RESPONSES,
        operation_id="get_history",
        summary="Get the history of an alert",
    )
    async def get_history(self, investigations: Investigations, alert_id: AlertId) -> HistoryBody:
        """Return everything that happened to the alert, oldest first."""
        alert, events = await investigations.history(alert_id)
        return HistoryBody(
            alert.alert_id,
            [
                HistoryEntryBody(
                    event.action,
                    event.old_status,
                    event.new_status,
                    event.analyst_id,
                    event.content,
                    event.event_time,
                )
                for event in events
            ],
        )
