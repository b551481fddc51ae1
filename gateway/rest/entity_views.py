"""From what is known of entities to the bodies that show it."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.alert import AlertEvent
from gateway.domain.currency import major_units
from gateway.domain.entity import (
    AmountSum,
    Entity,
    EntityAlertPage,
    EntityKind,
    Followed,
    Links,
    Profile,
)
from gateway.domain.pagination import PageQuery
from gateway.domain.timeline import TimelineEntry, TimelinePage
from gateway.rest import records_views, views
from gateway.rest.paging import pagination
from gateway.rest.schemas import entities as bodies

_SCORE_PLACES = 4


def profile(found: Profile) -> bodies.ProfileBody:
    """Return the profile of an entity."""
    seen = found.behaviour
    alerts = found.alerts
    return bodies.ProfileBody(
        entity_type=found.entity.kind,
        entity_id=found.entity.entity_id,
        first_seen=found.reach.first_seen,
        last_seen=found.reach.last_seen,
        transaction_count=found.reach.transactions,
        transaction_count_is_lower_bound=found.reach.is_lower_bound,
        basis=bodies.BasisBody(seen.transactions, seen.since, seen.is_complete, seen.as_of),
        amounts=bodies.AmountsBody(
            *(_amounts(seen.amounts[window]) for window in ("24h", "7d", "30d", "all"))
        ),
        countries=_usual(seen.countries),
        channels=_usual(seen.channels),
        merchants=_usual(seen.merchants),
        max_risk_score=_score(seen.risk_score_max),
        last_risk_score=_score(seen.risk_score_last),
        alerts=bodies.EntityAlertsBody(
            alerts.alerts, alerts.is_complete, alerts.by_status, alerts.frauds
        ),
        labels=found.labels,
    )


def timeline(found: TimelinePage, query: PageQuery) -> bodies.TimelineBody:
    """Return part of a timeline."""
    return bodies.TimelineBody(
        [_entry(each) for each in found.entries],
        bodies.PartBody(query.limit, found.next_cursor is not None, found.next_cursor),
    )


def alerts(found: EntityAlertPage, query: PageQuery, now: datetime) -> bodies.EntityAlertListBody:
    """Return a page of an entity's alerts."""
    return bodies.EntityAlertListBody(
        [views.alert(each, now) for each in found.alerts],
        pagination(
            query,
            found.total,
            found.next_cursor,
            total_is_lower_bound=found.total_is_lower_bound,
        ),
    )


def links(entity: Entity, found: Links) -> bodies.LinksBody:
    """Return what an entity is linked with."""
    return bodies.LinksBody(
        entity_type=entity.kind,
        entity_id=entity.entity_id,
        transactions=found.looked_at,
        truncated=found.truncated,
        shared=[_shared(each) for each in found.followed],
    )


def _shared(each: Followed) -> bodies.SharedBody:
    return bodies.SharedBody(
        kind=each.shared.kind,
        value=each.shared.value,
        transactions=each.shared.transactions,
        last_seen=each.shared.last_time,
        truncated=each.is_hub,
        links=[
            bodies.LinkBody(
                entity_type=EntityKind.ACCOUNT,
                entity_id=link.account_id,
                transactions=link.transactions,
                last_seen=link.last_time,
            )
            for link in each.links
        ],
    )


def _entry(each: TimelineEntry) -> bodies.TimelineEntryBody:
    what = each.what
    if isinstance(what, AlertEvent):
        return bodies.TimelineEntryBody(
            kind="ALERT_EVENT",
            timestamp=each.time,
            alert_event=bodies.AlertEventBody(
                what.alert_id,
                what.action,
                what.old_status,
                what.new_status,
                what.analyst_id,
                what.content,
            ),
        )
    return bodies.TimelineEntryBody(
        kind="TRANSACTION",
        timestamp=each.time,
        transaction=records_views.transaction_row(what),
    )


def _amounts(sums: Sequence[AmountSum]) -> list[bodies.AmountBody]:
    return [
        bodies.AmountBody(
            each.currency,
            each.transactions,
            float(major_units(each.amount_minor, each.currency)),
            each.amount_minor,
        )
        for each in sums
    ]


def _usual(values: Sequence[tuple[str, int]]) -> list[bodies.UsualBody]:
    return [bodies.UsualBody(*each) for each in values]


def _score(value: float | None) -> float | None:
    return None if value is None else round(value, _SCORE_PLACES)
