"""What is known of an entity: its profile, what happened to it, and what it is linked with.

Everything is worked out from a bounded number of rows, and says where they end.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from gateway.domain.alert import Alert
from gateway.domain.enumerations import AlertStatus, CaseDecision
from gateway.domain.transaction import LIVE_SKEW_MAX

# Bounds on what one answer is made of; chosen by us, for a millisecond or two each.
PROFILE_TRANSACTIONS_MAX = 200
PROFILE_ALERTS_MAX = 200
COUNTED_TRANSACTIONS_MAX = 2_000
COUNTED_ALERTS_MAX = 1_000
TIMELINE_ALERTS_MAX = 50
USUAL_VALUES_MAX = 10
# So many things of a kind are followed, each for so many transactions; one with more is a hub.
LINK_TRANSACTIONS_MAX = 100
FOLLOWED_MAX = 5
HUB_TRANSACTIONS_MAX = 50
LINKED_MAX = 50


class EntityKind(StrEnum):
    """What has a page: the entity types of alerts, and network addresses."""

    USER = "USER"
    ACCOUNT = "ACCOUNT"
    TRANSACTION = "TRANSACTION"
    DEVICE = "DEVICE"
    MERCHANT = "MERCHANT"
    INSTRUMENT = "INSTRUMENT"
    IP = "IP"


class LinkKind(StrEnum):
    """What two entities can share."""

    DEVICE = "DEVICE"
    IP = "IP"
    MERCHANT = "MERCHANT"
    COUNTERPARTY = "COUNTERPARTY"


class Entity(Struct, frozen=True):
    """An entity by its type and id."""

    kind: EntityKind
    entity_id: str


class Reach(Struct, frozen=True):
    """How many transactions an entity has, and when.

    Attributes:
        is_lower_bound: there are at least so many; not all were counted.
    """

    first_seen: datetime | None
    last_seen: datetime | None
    transactions: int
    is_lower_bound: bool


class ProfileRow(Struct, frozen=True, gc=False):
    """What a profile needs of one transaction."""

    event_time: datetime
    ingest_time: datetime
    amount_minor: int | None
    currency: str
    country: str | None
    channel: str | None
    merchant_id: str | None
    risk_score: float


class AmountSum(Struct, frozen=True):
    """Transactions of one currency in one window; those without an amount count as 0."""

    currency: str
    transactions: int
    amount_minor: int


class Behaviour(Struct, frozen=True, kw_only=True):
    """What the newest transactions of an entity look like.

    Attributes:
        since: event time of the oldest of them; None without any.
        is_complete: there are no older ones.
        as_of: where the windows of `amounts` end.
        amounts: by window, by currency.
        countries, channels, merchants: with how many transactions, most first.
    """

    transactions: int
    since: datetime | None
    is_complete: bool
    as_of: datetime
    amounts: dict[str, list[AmountSum]]
    countries: list[tuple[str, int]]
    channels: list[tuple[str, int]]
    merchants: list[tuple[str, int]]
    risk_score_max: float | None
    risk_score_last: float | None


class AlertCounts(Struct, frozen=True):
    """The newest alerts of an entity, counted.

    Attributes:
        is_complete: there are no older ones.
        frauds: those that ended as FRAUD.
    """

    alerts: int
    is_complete: bool
    by_status: dict[AlertStatus, int]
    frauds: int


class Profile(Struct, frozen=True):
    """What an entity page shows first. Labels are those of the transactions of `behaviour`."""

    entity: Entity
    reach: Reach
    behaviour: Behaviour
    alerts: AlertCounts
    labels: dict[str, int]


class EntityAlertPage(Struct, frozen=True):
    """Part of an entity's alerts, newest first; `next_cursor` goes on, None at the end."""

    alerts: list[Alert]
    total: int
    total_is_lower_bound: bool
    next_cursor: str | None


class SharedRow(Struct, frozen=True, gc=False):
    """What one transaction names that others can name too."""

    event_time: datetime
    values: dict[LinkKind, str | None]


class Shared(Struct, frozen=True):
    """A thing that transactions of the entity name, with how many of them do and the last."""

    kind: LinkKind
    value: str
    transactions: int
    last_time: datetime


class Link(Struct, frozen=True):
    """Another account that used the same thing.

    Attributes:
        transactions: of that account with the thing, among those looked at.
    """

    account_id: str
    transactions: int
    last_time: datetime


class Followed(Struct, frozen=True):
    """A thing and the other accounts that used it.

    Attributes:
        is_hub: it has more transactions than were looked at; the accounts are those of the newest.
    """

    shared: Shared
    is_hub: bool
    links: list[Link]


class Links(Struct, frozen=True):
    """What an entity is linked with.

    Attributes:
        looked_at: newest transactions of the entity from which the shared things come.
        truncated: something was left out; see the bounds above.
    """

    looked_at: int
    followed: list[Followed]
    truncated: bool


_WINDOWS = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": None,
}


def most_shared(rows: Sequence[SharedRow]) -> tuple[list[Shared], bool]:
    """Return what transactions name, most often named first within each kind.

    Args:
        rows: newest first, at most one more than LINK_TRANSACTIONS_MAX.

    Returns:
        At most FOLLOWED_MAX of each kind, and whether something was left out.
    """
    used = rows[:LINK_TRANSACTIONS_MAX]
    found = []
    truncated = len(rows) > len(used)
    for kind in LinkKind:
        last: dict[str, datetime] = {}
        number: Counter[str] = Counter()
        for row in used:
            value = row.values[kind]
            if value is not None:
                number[value] += 1
                last.setdefault(value, row.event_time)
        ordered = sorted(number.items(), key=lambda item: (-item[1], item[0]))
        truncated |= len(ordered) > FOLLOWED_MAX
        found += [
            Shared(kind, value, times, last[value]) for value, times in ordered[:FOLLOWED_MAX]
        ]
    return found, truncated


def is_account(entity: Entity, account_id: str) -> bool:
    """Return whether an entity is this account."""
    return entity.kind is EntityKind.ACCOUNT and entity.entity_id == account_id


def behaviour(rows: Sequence[ProfileRow], now: datetime) -> Behaviour:
    """Return what the newest transactions of an entity look like.

    The windows end now; or, where the newest transaction was replayed from history, with it.

    Args:
        rows: newest first, at most one more than PROFILE_TRANSACTIONS_MAX.
        now: by our clock.
    """
    used = rows[:PROFILE_TRANSACTIONS_MAX]
    as_of = now
    if used and abs(used[0].ingest_time - used[0].event_time) > LIVE_SKEW_MAX:
        as_of = used[0].event_time
    return Behaviour(
        transactions=len(used),
        since=used[-1].event_time if used else None,
        is_complete=len(rows) == len(used),
        as_of=as_of,
        amounts={
            name: _amounts(
                row for row in used if width is None or as_of - width < row.event_time <= as_of
            )
            for name, width in _WINDOWS.items()
        },
        countries=_usual(row.country for row in used),
        channels=_usual(row.channel for row in used),
        merchants=_usual(row.merchant_id for row in used),
        risk_score_max=max((row.risk_score for row in used), default=None),
        risk_score_last=used[0].risk_score if used else None,
    )


def alert_counts(found: Mapping[tuple[AlertStatus, CaseDecision | None], int]) -> AlertCounts:
    """Return the counts of an entity's newest alerts, every status among them.

    Args:
        found: how many by status and outcome, at most one more than PROFILE_ALERTS_MAX in all.
    """
    by_status = dict.fromkeys(AlertStatus, 0)
    frauds = 0
    for (status, outcome), number in found.items():
        by_status[status] += number
        frauds += number if outcome is CaseDecision.FRAUD else 0
    total = sum(by_status.values())
    return AlertCounts(total, total <= PROFILE_ALERTS_MAX, by_status, frauds)


def _amounts(rows: Iterable[ProfileRow]) -> list[AmountSum]:
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        number, amount = sums.get(row.currency, (0, 0))
        sums[row.currency] = number + 1, amount + (row.amount_minor or 0)
    return [AmountSum(currency, *sums[currency]) for currency in sorted(sums)]


def _usual(values: Iterable[str | None]) -> list[tuple[str, int]]:
    counted = Counter(value for value in values if value is not None)
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:USUAL_VALUES_MAX]
