"""Cases: alerts of one owner that are worked together."""

from typing import Annotated, Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from gateway.domain.case_file import CaseEdit, CaseFile, CaseStatus
from gateway.domain.pagination import LIMIT_DEFAULT, PageQuery
from gateway.errors import FieldFault, InvalidArgumentError
from gateway.rest import case_views, views
from gateway.rest.body import JsonBody
from gateway.rest.error_responses import RESPONSES
from gateway.rest.if_match import expected_version, version_tag
from gateway.rest.paging import pagination
from gateway.rest.schemas.alerts import NewNote
from gateway.rest.schemas.cases import (
    CaseAlertsBody,
    CaseDetailEnvelope,
    CaseEditBody,
    CaseEnvelope,
    CaseListBody,
    CaseNoteEnvelope,
    CaseStatusFilter,
    NewCaseBody,
    SuggestedAlertsBody,
)
from gateway.rest.session import analyst_of
from gateway.rest.wiring import Clock
from gateway.rest.wiring_people import Limit, Page
from gateway.rest.wiring_queue import Assignment, CaseFiles
from gateway.rest.wiring_records import Cursor

_ME = "me"
_NOBODY = "nobody"


class CaseController(Controller):
    """Paths below /api/cases."""

    path = "/api/cases"
    tags = ("cases",)

    @get(responses=RESPONSES, operation_id="list_cases", summary="List cases")
    async def list_cases(
        self,
        case_files: CaseFiles,
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
        status: FromQuery[CaseStatusFilter] = CaseStatusFilter.ALL,
        assigned_to: Annotated[
            str, QueryParameter(max_length=64, description="a name, `me`, `nobody` or ALL")
        ] = CaseStatusFilter.ALL,
        analyst_id: Annotated[
            str, QueryParameter(max_length=64, description="who `me` is, where there is no login")
        ] = "",
    ) -> CaseListBody:
        """Return a page of cases, newest first."""
        query = PageQuery(page=page, limit=limit, cursor=cursor)
        names = {
            "": None,
            str(CaseStatusFilter.ALL): None,
            _ME: analyst_of(analyst_id),
            _NOBODY: "",
        }
        listed = await case_files.page(
            None if status is CaseStatusFilter.ALL else CaseStatus(status),
            names.get(assigned_to, assigned_to),
            query,
        )
        return CaseListBody(
            [case_views.case(each) for each in listed.rows],
            pagination(query, listed.total, listed.next_cursor),
        )

    @post(
        dto=JsonBody[NewCaseBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="add_case",
        summary="Make a case",
    )
    async def add_case(
        self, case_files: CaseFiles, assignment: Assignment, data: JSONBody[NewCaseBody]
    ) -> Response[CaseEnvelope]:
        """Make a case of alerts of one owner; each may be in one open case."""
        if data.assigned_to is not None:
            await assignment.require_analyst(data.assigned_to, "assigned_to")
        made = await case_files.start(
            data.title.strip(), data.alert_ids, data.assigned_to, analyst_of(data.analyst_id)
        )
        return _answer(made, 201)

    @get(
        "/suggestion",
        responses=RESPONSES,
        operation_id="suggest_case",
        summary="Find alerts that belong with one",
    )
    async def suggest(
        self,
        case_files: CaseFiles,
        clock: Clock,
        alert_id: Annotated[str, QueryParameter(min_length=1, max_length=64)],
    ) -> SuggestedAlertsBody:
        """Return open alerts of the same owner or account that are in no open case."""
        now = clock()
        found = await case_files.suggestion(alert_id)
        return SuggestedAlertsBody([views.alert(each, now) for each in found])

    @get("/{case_id:str}", responses=RESPONSES, operation_id="get_case", summary="Get a case")
    async def get_case(
        self, case_files: CaseFiles, clock: Clock, case_id: FromPath[str]
    ) -> Response[CaseDetailEnvelope]:
        """Return a case with its alerts, notes and history; the ETag is its version."""
        detail = await case_files.detail(case_id)
        return Response(
            CaseDetailEnvelope(case_views.case_detail(detail, clock())),
            headers=version_tag(detail.case.version),
        )

    @patch(
        "/{case_id:str}",
        dto=JsonBody[CaseEditBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="change_case",
        summary="Close, reopen or change a case",
    )
    async def change_case(
        self,
        request: Request[Any, Any, Any],
        case_files: CaseFiles,
        assignment: Assignment,
        case_id: FromPath[str],
        data: JSONBody[CaseEditBody],
    ) -> Response[CaseEnvelope]:
        """Change status, title or who works it. Its alerts stay as they are."""
        if data.assigned_to is not None:
            await assignment.require_analyst(data.assigned_to, "assigned_to")
        asked = CaseEdit(
            status=data.status,
            title=None if data.title is None else data.title.strip(),
            assigned_to=data.assigned_to,
            comment=(data.comment or "").strip(),
        )
        version = expected_version(request, data.expected_version)
        return _answer(await case_files.edit(case_id, asked, analyst_of(data.analyst_id), version))

    @post(
        "/{case_id:str}/alerts",
        status_code=200,
        dto=JsonBody[CaseAlertsBody],
        return_dto=None,
        responses=RESPONSES,
        operation_id="change_case_alerts",
        summary="Put alerts into a case and take others out",
    )
    async def change_alerts(
        self,
        request: Request[Any, Any, Any],
        case_files: CaseFiles,
        case_id: FromPath[str],
        data: JSONBody[CaseAlertsBody],
    ) -> Response[CaseEnvelope]:
        """Do all of it or nothing; what is so already stays as it is."""
        if not data.add and not data.remove:
            fault = FieldFault("add", "add or remove must name an alert")
            raise InvalidArgumentError(fault.message, faults=(fault,))
        changed = await case_files.regroup(
            case_id,
            data.add or [],
            data.remove or [],
            analyst_of(data.analyst_id),
            expected_version(request, data.expected_version),
        )
        return _answer(changed)

    @post(
        "/{case_id:str}/notes",
        dto=JsonBody[NewNote],
        return_dto=None,
        responses=RESPONSES,
        operation_id="add_case_note",
        summary="Add a note to a case",
    )
    async def add_note(
        self, case_files: CaseFiles, case_id: FromPath[str], data: JSONBody[NewNote]
    ) -> CaseNoteEnvelope:
        """Store a note of 1 to 1,000 characters; the version stays."""
        note = await case_files.add_note(case_id, data.content, analyst_of(data.analyst_id))
        return CaseNoteEnvelope(case_views.history(note))


def _answer(changed: CaseFile, status_code: int = 200) -> Response[CaseEnvelope]:
    return Response(
        CaseEnvelope(case_views.case(changed)),
        status_code=status_code,
        headers=version_tag(changed.version),
    )
