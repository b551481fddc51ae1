"""The pages that analysts work on: dashboard, queue and investigation."""

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import FromQuery, QueryParameter
from markupsafe import Markup

from gateway.console.graph import graph_of
from gateway.console.places import places_of
from gateway.console.rendering import page, part, part_alone
from gateway.domain.entity import Entity, EntityKind
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.domain.pagination import LIMIT_MAX, AlertQuery, AlertSort, PageQuery
from gateway.domain.transaction import TransactionRecord
from gateway.rest import entity_views, views
from gateway.rest.controllers.alerts import Search
from gateway.rest.schemas.alert_filters import SeverityFilter, StatusFilter
from gateway.rest.schemas.alerts import AlertBody
from gateway.rest.session import analyst_of
from gateway.rest.wiring import AlertId, Alerts, Clock, Dashboard, HealthChecks, Investigations
from gateway.rest.wiring_analytics import Analytics, SharedWork
from gateway.rest.wiring_queue import Assignment
from gateway.rest.wiring_records import Cursor, Entities

_OPEN = frozenset({AlertStatus.ACTIVE, AlertStatus.INVESTIGATING})
_DEADLINES_MAX = 8
_MOST_URGENT = 50
_QUEUE_LIMIT = 50
_TIMELINE_LIMIT = 12


@get("/", include_in_schema=False)
async def show_dashboard(
    request: Request[Any, Any, Any],
    dashboard: Dashboard,
    alerts: Alerts,
    health: HealthChecks,
    analytics: Analytics,
    together: SharedWork,
    clock: Clock,
) -> Response[str]:
    """Show how things stand; the figures alone where the page asks for them again."""

    async def work() -> Markup:
        urgent = await alerts.page(AlertQuery(limit=_MOST_URGENT, sort=AlertSort.PRIORITY))
        severities = await dashboard.severities()
        return part(
            "dashboard_figures.html",
            figures=await dashboard.overview(),
            severities=list(reversed(severities.items())),
            severity_max=max(1, *severities.values()),
            deadlines=_by_deadline([views.alert(each, clock()) for each in urgent.alerts]),
            checks=await health.checks(),
            sync=await together.answer("health", analytics.sync),
        )

    # Worked out once for all whose pages follow the same event.
    figures = await together.answer("console-figures", work)
    return (
        part_alone(figures) if _is_part(request) else page("dashboard.html", "/", figures=figures)
    )


@get("/queue", include_in_schema=False)
async def show_queue(
    request: Request[Any, Any, Any],
    alerts: Alerts,
    assignment: Assignment,
    clock: Clock,
    severity: FromQuery[SeverityFilter] = SeverityFilter.ALL,
    status: FromQuery[StatusFilter] = StatusFilter.ALL,
    search: Search = "",
    sort: FromQuery[AlertSort] = AlertSort.PRIORITY,
    cursor: Cursor = "",
    analyst: Annotated[str, QueryParameter(max_length=64)] = "",
) -> Response[str]:
    """Show the alerts to work on; the list alone where the page asks for another part."""
    query = AlertQuery(
        limit=_QUEUE_LIMIT,
        sort=sort,
        severity=severity.wanted,
        status=status.wanted,
        search=search.strip(),
        cursor=cursor,
    )
    if analyst:
        found = await assignment.held_by(analyst_of(analyst), query)
    else:
        found = await alerts.page(query)
    return page(
        "queue_list.html" if _is_part(request) else "queue.html",
        "/queue",
        listed=views.alert_list(found, query, clock()),
        chosen={
            "severity": severity,
            "status": status,
            "sort": sort,
            "search": search,
            "analyst": analyst,
        },
        options={"severity": SeverityFilter, "status": StatusFilter, "sort": AlertSort},
    )


@get("/investigations/{alert_id:str}", include_in_schema=False)
async def show_investigation(
    investigations: Investigations, clock: Clock, alert_id: AlertId
) -> Response[str]:
    """Show everything that is known about an alert."""
    case = views.investigation(await investigations.case(alert_id), clock())
    _, history = await investigations.history(alert_id)
    return page(
        "investigation.html",
        "/queue",
        case=case,
        is_open=case.status in _OPEN,
        history=list(reversed(history)),
        decisions=CaseDecision,
        scores=[
            {"date": each.date.isoformat(), "score": each.score}
            for each in case.historical_behavior
        ],
    )


@get("/investigations/{alert_id:str}/surroundings", include_in_schema=False)
async def show_surroundings(alerts: Alerts, entities: Entities, alert_id: AlertId) -> Response[str]:
    """Show what else the account of an alert did, and whom it is linked with."""
    alert = await alerts.get(alert_id)
    entity = Entity(EntityKind.ACCOUNT, alert.account_id)
    query = PageQuery(limit=LIMIT_MAX)
    found = await entities.timeline(entity, query)
    timeline = entity_views.timeline(found, query)
    paid = [each.what for each in found.entries if isinstance(each.what, TransactionRecord)]
    links = entity_views.links(entity, await entities.links(entity))
    return page(
        "surroundings.html",
        "/queue",
        timeline=timeline.data[:_TIMELINE_LIMIT],
        places=places_of(paid, alert.transaction_id),
        links=links,
        graph=graph_of(links),
    )


def _is_part(request: Request[Any, Any, Any]) -> bool:
    return "hx-request" in request.headers


def _by_deadline(found: Sequence[AlertBody]) -> list[AlertBody]:
    waiting = [each for each in found if each.status in _OPEN]
    return sorted(waiting, key=lambda each: each.sla_deadline)[:_DEADLINES_MAX]
