"""The pages of entities."""

from litestar import Controller, get
from litestar.params import FromPath

from gateway.domain.entity import Entity, EntityKind
from gateway.domain.pagination import LIMIT_DEFAULT, PageQuery
from gateway.rest import encoded_slash
from gateway.rest import entity_views as views
from gateway.rest.error_responses import RESPONSES
from gateway.rest.schemas.entities import (
    EntityAlertListBody,
    LinksEnvelope,
    ProfileEnvelope,
    TimelineBody,
)
from gateway.rest.wiring import Clock
from gateway.rest.wiring_people import Limit, Page
from gateway.rest.wiring_records import Cursor, Entities, PathId


class EntityController(Controller):
    """Paths below /api/entities/{type}/{id}."""

    path = "/api/entities/{entity_type:str}/{entity_id:str}"
    tags = ("entities",)

    @get(responses=RESPONSES, operation_id="get_entity", summary="Get the profile of an entity")
    async def get_entity(
        self, entities: Entities, entity_type: FromPath[EntityKind], entity_id: PathId
    ) -> ProfileEnvelope:
        """Return when an entity was seen, what it usually does, and what it was suspected of."""
        found = await entities.profile(_entity(entity_type, entity_id))
        return ProfileEnvelope(views.profile(found))

    @get(
        "/timeline",
        responses=RESPONSES,
        operation_id="get_entity_timeline",
        summary="Get what happened to an entity",
    )
    async def get_timeline(
        self,
        entities: Entities,
        entity_type: FromPath[EntityKind],
        entity_id: PathId,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
    ) -> TimelineBody:
        """Return its transactions and the events of its last 100 alerts, newest first."""
        query = PageQuery(limit=limit, cursor=cursor)
        found = await entities.timeline(_entity(entity_type, entity_id), query)
        return views.timeline(found, query)

    @get(
        "/alerts",
        responses=RESPONSES,
        operation_id="list_entity_alerts",
        summary="List the alerts of an entity",
    )
    async def list_alerts(
        self,
        entities: Entities,
        clock: Clock,
        entity_type: FromPath[EntityKind],
        entity_id: PathId,
        page: Page = 1,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = "",
    ) -> EntityAlertListBody:
        """Return the alerts any transaction of which names the entity, newest first."""
        query = PageQuery(page=page, limit=limit, cursor=cursor)
        found = await entities.alerts(_entity(entity_type, entity_id), query)
        return views.alerts(found, query, clock())

    @get(
        "/links",
        responses=RESPONSES,
        operation_id="get_entity_links",
        summary="Get what an entity is linked with",
    )
    async def get_links(
        self, entities: Entities, entity_type: FromPath[EntityKind], entity_id: PathId
    ) -> LinksEnvelope:
        """Return the accounts that used the same devices, addresses, merchants, counterparties."""
        entity = _entity(entity_type, entity_id)
        return LinksEnvelope(views.links(entity, await entities.links(entity)))


def _entity(kind: EntityKind, entity_id: str) -> Entity:
    return Entity(kind, encoded_slash.restored(entity_id))
