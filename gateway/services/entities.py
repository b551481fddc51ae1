"""The pages of entities: profile, timeline, alerts and links, each from a bounded read."""

from collections.abc import Callable
from datetime import datetime

from gateway.domain import entity as entities
from gateway.domain.entity import (
    COUNTED_ALERTS_MAX,
    COUNTED_TRANSACTIONS_MAX,
    HUB_TRANSACTIONS_MAX,
    LINK_TRANSACTIONS_MAX,
    LINKED_MAX,
    PROFILE_ALERTS_MAX,
    PROFILE_TRANSACTIONS_MAX,
    TIMELINE_ALERTS_MAX,
    Entity,
    EntityAlertPage,
    Followed,
    Link,
    Links,
    Profile,
    Shared,
)
from gateway.domain.pagination import (
    PageQuery,
    decode_time_cursor,
    encode_time_cursor,
    require_within_reach,
)
from gateway.domain.timeline import TimelineEntry, TimelinePage, place_of
from gateway.errors import NotFoundError
from gateway.services.entities_ports import EntitiesDatabase, EntitiesUnit

_TIMELINE = "timeline"
_ALERTS = "entity alerts"


class EntityService:
    """The use cases of the entity page."""

    def __init__(self, database: EntitiesDatabase, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def profile(self, entity: Entity) -> Profile:
        """Return what an entity page shows first.

        Raises:
            NotFoundError: no transaction and no alert names the entity.
        """
        async with self._database.read() as unit:
            reach = await unit.entities.reach(entity, COUNTED_TRANSACTIONS_MAX)
            alert_ids = await unit.entities.alert_ids(entity, PROFILE_ALERTS_MAX + 1)
            if not reach.transactions and not alert_ids:
                raise _unknown(entity)
            rows = await unit.entities.newest(entity, PROFILE_TRANSACTIONS_MAX + 1)
            return Profile(
                entity,
                reach,
                entities.behaviour(rows, self._now()),
                entities.alert_counts(await unit.entities.alert_counts(alert_ids)),
                await unit.entities.labels(entity, PROFILE_TRANSACTIONS_MAX),
            )

    async def timeline(self, entity: Entity, query: PageQuery) -> TimelinePage:
        """Return transactions of an entity and what happened to its newest alerts, newest first."""
        after = None
        if query.cursor:
            time, key = decode_time_cursor(query.cursor, _TIMELINE)
            after = place_of(time, key)
        async with self._database.read() as unit:
            transactions = await unit.entities.transactions(
                entity, after.transaction if after else None, query.limit + 1
            )
            alert_ids = await unit.entities.alert_ids(entity, TIMELINE_ALERTS_MAX)
            if not transactions and not alert_ids:
                await _require_known(unit, entity)
            events = await unit.entities.events(
                alert_ids,
                after.time if after else None,
                after.event_id if after else None,
                query.limit + 1,
            )
        merged = sorted(
            [
                *(TimelineEntry(each.event_time, each) for each in transactions),
                *(TimelineEntry(each.event_time, each, number) for number, each in events),
            ],
            key=lambda entry: (entry.time, entry.key),
            reverse=True,
        )
        shown = merged[: query.limit]
        last = shown[-1] if len(merged) > query.limit else None
        return TimelinePage(
            shown,
            None if last is None else encode_time_cursor(_TIMELINE, last.time, last.key),
        )

    async def alerts(self, entity: Entity, query: PageQuery) -> EntityAlertPage:
        """Return alerts that speak of an entity, newest first."""
        after = decode_time_cursor(query.cursor, _ALERTS) if query.cursor else None
        offset = 0 if after else (query.page - 1) * query.limit
        async with self._database.read() as unit:
            await _require_known(unit, entity)
            total = len(await unit.entities.alert_ids(entity, COUNTED_ALERTS_MAX + 1))
            found = []
            if after or offset < total:
                require_within_reach(query, COUNTED_ALERTS_MAX)
                found = await unit.entities.alerts(entity, after, offset, query.limit + 1)
        shown = found[: query.limit]
        last = shown[-1] if len(found) > query.limit else None
        return EntityAlertPage(
            shown,
            min(total, COUNTED_ALERTS_MAX),
            total > COUNTED_ALERTS_MAX,
            None if last is None else encode_time_cursor(_ALERTS, last.raised_time, last.alert_id),
        )

    async def links(self, entity: Entity) -> Links:
        """Return the accounts that used the same devices, addresses, merchants or counterparties.

        Raises:
            NotFoundError: no transaction and no alert names the entity.
        """
        async with self._database.read() as unit:
            rows = await unit.entities.shared(entity, LINK_TRANSACTIONS_MAX + 1)
            if not rows:
                await _require_known(unit, entity)
            shared, truncated = entities.most_shared(rows)
            users = await unit.entities.users_of(shared, HUB_TRANSACTIONS_MAX)
            followed = [
                _followed(entity, each, *found) for each, found in zip(shared, users, strict=True)
            ]
        return Links(
            min(len(rows), LINK_TRANSACTIONS_MAX),
            followed,
            truncated or any(each.is_hub for each in followed),
        )


def _followed(
    entity: Entity, shared: Shared, users: list[tuple[str, int, datetime]], is_hub: bool
) -> Followed:
    links = [
        Link(account_id, transactions, last_time)
        for account_id, transactions, last_time in users
        if not entities.is_account(entity, account_id)
    ]
    return Followed(shared, is_hub or len(links) > LINKED_MAX, links[:LINKED_MAX])


async def _require_known(unit: EntitiesUnit, entity: Entity) -> None:
    if (await unit.entities.reach(entity, 1)).transactions:
        return
    if not await unit.entities.alert_ids(entity, 1):
        raise _unknown(entity)


def _unknown(entity: Entity) -> NotFoundError:
    return NotFoundError(
        "no such entity", details={"entity_type": entity.kind, "entity_id": entity.entity_id}
    )
