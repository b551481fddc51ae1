"""The pages that look further than one alert: entities, figures, models, rules, settings."""

from datetime import timedelta

from litestar import Response, get
from litestar.params import FromPath

from gateway.console.graph import graph_of
from gateway.console.rendering import page
from gateway.domain.analytics import AnalyticsRange, PerformanceRange
from gateway.domain.change import ChangeKind
from gateway.domain.entity import Entity, EntityKind
from gateway.domain.enumerations import Severity
from gateway.domain.pagination import LIMIT_MAX, PageQuery
from gateway.domain.permission import Permission, Role, Scope
from gateway.domain.suppression import SuppressedType
from gateway.errors import UnavailableError
from gateway.rest import (
    analytics_views,
    encoded_slash,
    entity_views,
    people_views,
    suppression_views,
    webhook_views,
)
from gateway.rest.session import CALLER
from gateway.rest.wiring import Clock, HealthChecks
from gateway.rest.wiring_analytics import Analytics, SharedWork
from gateway.rest.wiring_live import Webhooks
from gateway.rest.wiring_models import Models
from gateway.rest.wiring_people import People
from gateway.rest.wiring_queue import Suppressions
from gateway.rest.wiring_records import Cursor, Entities, PathId
from gateway.rest.wiring_rules import RuleFile, Rules

_ENTITY_LIMIT = 20
_EVENTS_MAX = 30
# What a new suppression rule is proposed to last.
_SUPPRESSION_DAYS = 30


@get("/entities/{entity_type:str}/{entity_id:str}", include_in_schema=False)
async def show_entity(
    entities: Entities,
    clock: Clock,
    entity_type: FromPath[EntityKind],
    entity_id: PathId,
    cursor: Cursor = "",
) -> Response[str]:
    """Show what is known of an entity."""
    entity = Entity(entity_type, encoded_slash.restored(entity_id))
    query = PageQuery(limit=_ENTITY_LIMIT, cursor=cursor)
    links = entity_views.links(entity, await entities.links(entity))
    timeline = entity_views.timeline(await entities.timeline(entity, query), query)
    first = PageQuery(limit=_ENTITY_LIMIT)
    return page(
        "entity.html",
        "/queue",
        profile=entity_views.profile(await entities.profile(entity)),
        alerts=entity_views.alerts(await entities.alerts(entity, first), first, clock()).data,
        timeline=timeline.data,
        next_cursor=timeline.pagination.next_cursor,
        links=links,
        graph=graph_of(links),
    )


@get("/analytics", include_in_schema=False, sync_to_thread=False)
def show_analytics() -> Response[str]:
    """Show how well alerts were; the page asks the API for the figures of its range."""
    return page("analytics.html", "/analytics", ranges=AnalyticsRange)


@get("/scanner", include_in_schema=False, sync_to_thread=False)
def show_scanner() -> Response[str]:
    """Show transactions as they are scored."""
    return page("scanner.html", "/scanner")


@get("/models", include_in_schema=False)
async def show_models(
    analytics: Analytics, together: SharedWork, health: HealthChecks, models: Models
) -> Response[str]:
    """Show which models score, how each version did, and to administrators how to change them."""
    try:
        in_use = await models.in_use()
    except UnavailableError:
        in_use = None
    span = AnalyticsRange(PerformanceRange.MONTH)
    days = analytics_views.model_performance(await analytics.model_performance(span))
    rows = zip(
        days.versions,
        days.timestamps,
        days.transactions,
        days.frauds,
        days.precision,
        days.recall,
        days.undefined,
        strict=True,
    )
    return page(
        "models.html",
        "/models",
        sync=await together.answer("health", analytics.sync),
        in_use=in_use,
        held_names={(each.name, each.version) for each in in_use.held} if in_use else set(),
        scoring=(await health.checks())["scoring_server"],
        rows=list(reversed(list(rows))),
    )


@get("/rules", include_in_schema=False)
async def show_rules(rules: Rules, file: RuleFile = "") -> Response[str]:
    """Show the user rules, and to supervisors how to try and change them."""
    try:
        shown = await rules.shown(file)
    except UnavailableError:
        shown = None
    return page("rules.html", "/rules", shown=shown)


@get("/settings", include_in_schema=False)
async def show_settings(
    suppressions: Suppressions, people: People, webhooks: Webhooks, clock: Clock
) -> Response[str]:
    """Show what administrators and supervisors set; everybody sees what he may."""
    now = clock()
    rules = await suppressions.page(None, PageQuery(limit=LIMIT_MAX))
    administered = {}
    if Permission.ADMINISTER in CALLER.get().permissions:
        users, _ = await people.users(1, LIMIT_MAX)
        tokens, _ = await people.tokens(1, LIMIT_MAX)
        administered = {
            "users": [people_views.user(each) for each in users],
            "tokens": [people_views.service_token(each) for each in tokens],
            "webhooks": [webhook_views.webhook(each) for each in await webhooks.all()],
            "events": people_views.access_events(
                await people.events(None, _EVENTS_MAX), _EVENTS_MAX
            ).data,
        }
    return page(
        "settings.html",
        "/settings",
        rules=[suppression_views.suppression(each, now) for each in rules.rows],
        until=now + timedelta(days=_SUPPRESSION_DAYS),
        administered=administered,
        roles=Role,
        scopes=Scope,
        severities=Severity,
        kinds=ChangeKind,
        suppressed=SuppressedType,
    )
