"""The statements of the alert list, each built once for every form that a query can have."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    ScalarSelect,
    Select,
    bindparam,
    cast,
    func,
    select,
    tuple_,
    union,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import CompoundSelect, FromClause

from gateway.db import bulk
from gateway.db.prepared import Prepared
from gateway.db.tables.alerts import alerts
from gateway.db.tables.counts import alert_counts
from gateway.domain.pagination import AlertSort

_SEARCHED = ("alert_id", "entity", "account_id", "transaction_id")
# Every order is descending.
_ORDERS: dict[str, tuple[str, ...]] = {
    AlertSort.TIMESTAMP: ("raised_time", "alert_id"),
    AlertSort.RISK_SCORE: ("risk_score", "alert_id"),
    AlertSort.PRIORITY: ("is_open", "queue_rank", "alert_id"),
}


class Shape(Struct, frozen=True):
    """All that the text of a statement depends on.

    Attributes:
        branches: the ranges that are merged; for each whether it starts behind the cursor.
        status, severity: the list admits just one.
    """

    sort: str
    branches: tuple[bool, ...]
    status: bool
    severity: bool

    @property
    def filtered(self) -> bool:
        """Return whether each branch is one pair of status and severity."""
        return self.status or self.severity


# How many alerts there are by status and severity.
COUNTS = Prepared(
    select(alert_counts.c.status, alert_counts.c.severity, func.sum(alert_counts.c.number))
    .group_by(alert_counts.c.status, alert_counts.c.severity)
    .having(func.sum(alert_counts.c.number) != 0)
)


@cache
def listed(shape: Shape, *, paged: bool) -> Prepared:
    """Return the rows that follow, each with the length of the whole list behind its columns.

    Parameters are those of `walk`, with an `offset` where it is paged, and the filter.
    """
    total = _total(shape).label("total")
    if not paged and not shape.filtered:
        ordered = _ordered(_branch(shape, 0, [*alerts.c, total]), alerts.c, shape.sort)
        return Prepared(ordered.limit(bindparam("rows")))
    # Ids first, so that the rows which are passed over are read from the index alone.
    ids = walk(shape, (), paged=paged).subquery()
    return Prepared(_whole(ids, shape.sort).add_columns(total))


@cache
def total(shape: Shape) -> Prepared:
    """Return the length of the list."""
    return Prepared(select(_total(shape)))


def _total(shape: Shape) -> ScalarSelect[int]:
    counted = cast(func.coalesce(func.sum(alert_counts.c.number), 0), BigInteger)
    statement = select(counted)
    if shape.status:
        statement = statement.where(alert_counts.c.status == bindparam("status"))
    if shape.severity:
        statement = statement.where(alert_counts.c.severity == bindparam("severity"))
    return statement.scalar_subquery()


@cache
def places(shape: Shape) -> Prepared:
    """Return the sort values of every `step`-th of the next `rows` rows, in order."""
    ids = walk(shape, (), paged=False).subquery()
    number = func.row_number().over(order_by=_merged_order(shape, ids.c))
    counted = select(ids, number.label("number")).subquery()
    chosen = select(*(counted.c[name] for name in _ORDERS[shape.sort]))
    step = bindparam("step", type_=Integer())
    return Prepared(chosen.where(counted.c.number % step == 0).order_by(counted.c.number))


@cache
def end_of_walk(shape: Shape) -> Prepared:
    """Return the sort values of the one row at `offset`."""
    return Prepared(walk(shape, (), paged=True))


@cache
def walked(shape: Shape, *, postgresql: bool) -> Prepared:
    """Return those of the next `walk` rows that start as searched, `rows` after `offset`."""
    ways = walk(shape, _SEARCHED, paged=False, rows="walk").subquery()
    hits = _ordered(select(ways).where(_starts(postgresql, ways.c, *_SEARCHED)), ways.c, shape.sort)
    hits = hits.limit(bindparam("rows")).offset(bindparam("offset"))
    return Prepared(_whole(hits.subquery(), shape.sort))


@cache
def search_counted(*, status: bool, severity: bool, postgresql: bool) -> Prepared:
    """Return how many alerts start as searched and are admitted by the filter.

    Each way to match is followed for `bound` alerts; a count above it is therefore too low.
    """
    found = _found(postgresql).subquery()
    if not status and not severity:
        # The ids stand in the indexes.
        return Prepared(select(func.count()).select_from(found))
    return Prepared(
        select(func.count())
        .select_from(found.join(alerts, alerts.c.alert_id == found.c.alert_id))
        .where(*_admitted(status=status, severity=severity))
    )


@cache
def search_listed(
    sort: str, *, behind: bool, status: bool, severity: bool, postgresql: bool
) -> Prepared:
    """Return the matching alerts, `rows` after `offset`, each with the number of all behind it."""
    found = _found(postgresql).subquery()
    matching = select(alerts, func.count().over().label("total"))
    matching = matching.join(found, alerts.c.alert_id == found.c.alert_id)
    hits = matching.where(*_admitted(status=status, severity=severity)).subquery()
    statement = select(hits)
    if behind:
        statement = statement.where(_behind(hits.c, _ORDERS[sort]))
    ordered = _ordered(statement, hits.c, sort)
    return Prepared(ordered.limit(bindparam("rows")).offset(bindparam("offset")))


def walk(shape: Shape, extra: Sequence[str], *, paged: bool, rows: str = "rows") -> Select[Any]:
    """Return the ids in the order of the list, with their sort values and `extra` columns."""
    names = (*_ORDERS[shape.sort], *(name for name in extra if name != "alert_id"))
    parts = []
    for number in range(len(shape.branches)):
        columns = [
            # All of a branch are open or none is, and the index does not hold it.
            bindparam(f"open_{number}", type_=Boolean).label(name)
            if shape.filtered and name == "is_open"
            else alerts.c[name]
            for name in names
        ]
        part = _branch(shape, number, columns)
        order = _range_order(shape)
        part = part.order_by(*(alerts.c[name].desc() for name in order))
        parts.append(part.limit(bindparam("reach")).subquery())
    merged: FromClause = (
        parts[0] if len(parts) == 1 else union_all(*(select(part) for part in parts)).subquery()
    )
    statement = select(merged).order_by(*_merged_order(shape, merged.c)).limit(bindparam(rows))
    return statement.offset(bindparam("offset")) if paged else statement


def _merged_order(shape: Shape, columns: Any) -> list[ColumnElement[Any]]:
    # What all ranges have in common is left out, so that PostgreSQL merges and need not sort.
    common = {"is_open"} if shape.status else set()
    return [columns[name].desc() for name in _ORDERS[shape.sort] if name not in common]


def _branch(shape: Shape, number: int, columns: Any) -> Select[Any]:
    statement = select(*columns)
    if shape.filtered:
        statement = statement.where(
            alerts.c.status == bindparam(f"status_{number}"),
            alerts.c.severity == bindparam(f"severity_{number}"),
        )
    if shape.branches[number]:
        statement = statement.where(_behind(alerts.c, _range_order(shape)))
    return statement


def _range_order(shape: Shape) -> tuple[str, ...]:
    order = _ORDERS[shape.sort]
    return tuple(name for name in order if name != "is_open") if shape.filtered else order


def _behind(columns: Any, order: Sequence[str]) -> ColumnElement[bool]:
    # Compared as one value, which both databases turn into the start of a range of the index.
    return tuple_(*(columns[name] for name in order)) < tuple_(
        *(bindparam(f"after_{name}", type_=columns[name].type) for name in order)
    )


def _ordered(statement: Select[Any], columns: Any, sort: str) -> Select[Any]:
    return statement.order_by(*(columns[name].desc() for name in _ORDERS[sort]))


def _whole(ids: FromClause, sort: str) -> Select[Any]:
    statement = select(alerts).join(ids, alerts.c.alert_id == ids.c.alert_id)
    return _ordered(statement, ids.c, sort)


def _found(postgresql: bool) -> CompoundSelect[Any]:
    ways = [
        select(alerts.c.alert_id)
        .where(_starts(postgresql, alerts.c, name))
        .limit(bindparam("bound"))
        .subquery()
        for name in _SEARCHED
    ]
    return union(*(select(way) for way in ways))


def _starts(postgresql: bool, columns: Any, *names: str) -> ColumnElement[bool]:
    return bulk.starts_with(postgresql, [columns[name] for name in names])


def _admitted(*, status: bool, severity: bool) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if status:
        conditions.append(alerts.c.status == bindparam("status"))
    if severity:
        conditions.append(alerts.c.severity == bindparam("severity"))
    return conditions
