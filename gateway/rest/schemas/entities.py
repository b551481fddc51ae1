"""Bodies of the entity pages."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from gateway.domain.entity import EntityKind, LinkKind
from gateway.domain.enumerations import AlertStatus
from gateway.rest.schemas.alerts import AlertBody, PaginationBody
from gateway.rest.schemas.records import TransactionRowBody


class AmountBody(Struct):
    """Transactions of one currency; `amount` is in major units, `amount_minor` exact."""

    currency: str
    transactions: int
    amount: float
    amount_minor: int


class UsualBody(Struct):
    """A value and how many transactions have it."""

    value: str
    transactions: int


class AmountsBody(Struct, rename={"day": "24h", "week": "7d", "month": "30d"}):
    """By window; the windows end at `as_of`, and `all` is all that was looked at."""

    day: list[AmountBody]
    week: list[AmountBody]
    month: list[AmountBody]
    all: list[AmountBody]


class BasisBody(Struct):
    """From which transactions a profile comes: the newest 1,000, or all where `is_complete`."""

    transactions: int
    since: datetime | None
    is_complete: bool
    as_of: datetime


class EntityAlertsBody(Struct):
    """The newest 1,000 alerts counted, or all where `is_complete`."""

    total: int
    is_complete: bool
    by_status: dict[AlertStatus, int]
    confirmed_frauds: int


class ProfileBody(Struct, kw_only=True):
    """What is known of an entity.

    Attributes:
        transaction_count: at most 10,000 are counted; `transaction_count_is_lower_bound` says so.
        basis: what amounts, countries, channels, merchants, scores and labels are of.
    """

    entity_type: EntityKind
    entity_id: str
    first_seen: datetime | None
    last_seen: datetime | None
    transaction_count: int
    transaction_count_is_lower_bound: bool
    basis: BasisBody
    amounts: AmountsBody
    countries: list[UsualBody]
    channels: list[UsualBody]
    merchants: list[UsualBody]
    max_risk_score: float | None
    last_risk_score: float | None
    alerts: EntityAlertsBody
    labels: dict[str, int]


class ProfileEnvelope(Struct):
    """One entity."""

    data: ProfileBody


class AlertEventBody(Struct):
    """Something that happened to an alert."""

    alert_id: str
    action: str
    old_status: AlertStatus | None
    new_status: AlertStatus
    analyst_id: str
    content: str


class TimelineEntryBody(Struct, kw_only=True):
    """A transaction, at its own time, or an event of an alert, at the gateway's."""

    kind: Literal["TRANSACTION", "ALERT_EVENT"]
    timestamp: datetime
    transaction: TransactionRowBody | None = None
    alert_event: AlertEventBody | None = None


class PartBody(Struct):
    """`next_cursor` goes on behind this part; it is null at the end."""

    limit: int
    has_next: bool
    next_cursor: str | None


class TimelineBody(Struct):
    """Part of a timeline, newest first."""

    data: list[TimelineEntryBody]
    pagination: PartBody


class EntityAlertListBody(Struct):
    """A page of the alerts that speak of an entity, newest first."""

    data: list[AlertBody]
    pagination: PaginationBody


class LinkBody(Struct, kw_only=True):
    """An account that used the same thing.

    `transactions` of it name the thing, among those that were looked at.
    """

    entity_type: EntityKind
    entity_id: str
    transactions: int
    last_seen: datetime


class SharedBody(Struct, kw_only=True):
    """A thing that transactions of the entity name, and who else used it.

    `truncated` when it has more transactions or accounts than are looked at, as a big merchant has.
    """

    kind: LinkKind
    value: str
    transactions: int
    last_seen: datetime
    truncated: bool
    links: list[LinkBody]


class LinksBody(Struct, kw_only=True):
    """What the newest `transactions` of an entity share with other accounts."""

    entity_type: EntityKind
    entity_id: str
    transactions: int
    truncated: bool
    shared: list[SharedBody]


class LinksEnvelope(Struct):
    """The links of one entity."""

    data: LinksBody
