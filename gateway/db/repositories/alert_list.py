"""The list of alerts: bounded work for every page, filter and search, however many there are.

A list without a filter walks the index of its order, from a place that is remembered where a page
number leads far back. A filter on status or severity alone merges
four ranges of an index that starts with both. A search finds its alerts by the start of an id; one
that finds too many to be sorted walks the order of the list instead, a bounded way a request.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.db import bulk
from gateway.db.prepared import Row
from gateway.db.repositories import alert_list_statements as statements
from gateway.db.repositories.alert_list_statements import Shape
from gateway.db.repositories.alert_places import PLACE_STEP, AlertPlaces
from gateway.domain.alert import Alert, AlertPage, is_open
from gateway.domain.enumerations import AlertStatus, CaseDecision, EntityType, Severity
from gateway.domain.pagination import (
    PAGED_ROWS_MAX,
    SEARCH_COUNT_MAX,
    SEARCH_WALK_MAX,
    AlertQuery,
    AlertSort,
    Position,
    decode_cursor,
    encode_cursor,
    require_within_reach,
)

_FIELDS = Alert.__struct_fields__
_STATUSES = {str(status): status for status in AlertStatus}
_SEVERITIES = {str(severity): severity for severity in Severity}
_ENTITY_TYPES = {str(kind): kind for kind in EntityType}
_OUTCOMES: dict[str | None, CaseDecision | None] = {None: None}
_OUTCOMES |= {str(decision): decision for decision in CaseDecision}
# What a position of each order is made of, in its sort value.
_VALUES = {
    AlertSort.TIMESTAMP: "raised_time",
    AlertSort.RISK_SCORE: "risk_score",
    AlertSort.PRIORITY: "queue_rank",
}

Parameters = dict[str, Any]


def alert_of(row: Row) -> Alert:
    """Return the alert that a row of the table holds, whose columns are in the order of Alert."""
    values = dict(zip(_FIELDS, row, strict=False))
    values["status"] = _STATUSES[values["status"]]
    values["severity"] = _SEVERITIES[values["severity"]]
    values["entity_type"] = _ENTITY_TYPES[values["entity_type"]]
    values["outcome"] = _OUTCOMES[values["outcome"]]
    return Alert(**values)


async def counts(connection: AsyncConnection) -> dict[tuple[AlertStatus, Severity], int]:
    """Return how many alerts there are by status and severity; empty groups are left out."""
    return {
        (_STATUSES[status], _SEVERITIES[severity]): int(number)
        for status, severity, number in await statements.COUNTS.rows(connection)
    }


async def page(connection: AsyncConnection, query: AlertQuery, places: AlertPlaces) -> AlertPage:
    """Return one page of alerts, by cursor where the query has one.

    Raises:
        InvalidArgumentError: the page lies further back than page numbers reach.
    """
    position = decode_cursor(query.cursor, query.sort) if query.cursor else None
    if "\0" in query.search:
        # No text holds it, and PostgreSQL does not even take the question.
        return AlertPage([], 0, None)
    if query.search:
        return await _searched(connection, query, position)
    shape, parameters = _ways(query, position)
    parameters |= {"status": query.status, "severity": query.severity}
    offset = _offset(query)
    if offset + query.limit > PAGED_ROWS_MAX:
        total = await _total(connection, shape, parameters)
        if offset >= total:
            return AlertPage([], total, None)
        require_within_reach(query, PAGED_ROWS_MAX)
    if offset >= PLACE_STEP:
        listed = (query.sort, query.status, query.severity)
        walk = partial(_places, connection, query, shape, parameters)
        place, offset = await places.before(listed, offset, walk)
        shape, ways = _ways(query, place)
        parameters |= ways
    rows: Sequence[Row] = ()
    if shape.branches:
        parameters |= {"rows": query.limit + 1, "reach": offset + query.limit + 1}
        parameters |= {"offset": offset}
        rows = await statements.listed(shape, paged=offset > 0).rows(connection, **parameters)
    total = rows[0][-1] if rows else await _total(connection, shape, parameters)
    return _page(rows, query, total)


async def _places(
    connection: AsyncConnection, query: AlertQuery, shape: Shape, parameters: Parameters
) -> list[Position]:
    """Return the places of every PLACE_STEP-th row that page numbers reach."""
    bounds = {"rows": PAGED_ROWS_MAX, "reach": PAGED_ROWS_MAX, "step": PLACE_STEP}
    rows = await statements.places(shape).rows(connection, **parameters | bounds)
    return [_row_position(row, query.sort) for row in rows]


async def _total(connection: AsyncConnection, shape: Shape, parameters: Parameters) -> int:
    ((total,),) = await statements.total(shape).rows(connection, **parameters)
    return int(total)


async def _searched(
    connection: AsyncConnection, query: AlertQuery, position: Position | None
) -> AlertPage:
    postgresql = bulk.is_postgresql(connection)
    low, high = bulk.prefix_range(query.search)
    filters: Parameters = {
        "status": query.status is not None,
        "severity": query.severity is not None,
    }
    parameters: Parameters = {
        "low": low,
        "high": high,
        "bound": SEARCH_COUNT_MAX + 1,
        "status": query.status,
        "severity": query.severity,
        "rows": query.limit + 1,
        "offset": _offset(query),
    }
    found = await _matching(connection, parameters)
    if found > SEARCH_COUNT_MAX:
        return await _walked(connection, query, position, parameters)
    if not found:
        return AlertPage([], 0, None)
    statement = statements.search_listed(
        query.sort, behind=position is not None, **filters, postgresql=postgresql
    )
    if position:
        parameters |= _after(position)
    rows = await statement.rows(connection, **parameters)
    if not rows and any(filters.values()):
        # Nothing that could tell how many there are before this place.
        found = await _matching(connection, parameters, **filters)
    return _page(rows, query, rows[0][-1] if rows else found)


async def _matching(
    connection: AsyncConnection,
    parameters: Parameters,
    *,
    status: bool = False,
    severity: bool = False,
) -> int:
    statement = statements.search_counted(
        status=status, severity=severity, postgresql=bulk.is_postgresql(connection)
    )
    ((number,),) = await statement.rows(connection, **parameters)
    return int(number)


async def _walked(
    connection: AsyncConnection,
    query: AlertQuery,
    position: Position | None,
    parameters: Parameters,
) -> AlertPage:
    """Return a page of a search that matches too many alerts to sort them.

    Where they are rare among those that were walked past the page is short, and goes on.
    """
    require_within_reach(query, SEARCH_COUNT_MAX)
    shape, ways = _ways(query, position)
    if not shape.branches:
        return AlertPage([], 0, None, total_is_lower_bound=True)
    parameters |= ways | {"walk": SEARCH_WALK_MAX, "reach": SEARCH_WALK_MAX}
    statement = statements.walked(shape, postgresql=bulk.is_postgresql(connection))
    found = _page(await statement.rows(connection, **parameters), query, 0)
    filtered = query.status is not None or query.severity is not None
    seen = parameters["offset"] + len(found.alerts)
    total = max(seen, 0 if filtered else SEARCH_COUNT_MAX + 1)
    cursor = found.next_cursor
    if cursor is None:
        parameters |= {"rows": 1, "offset": SEARCH_WALK_MAX - 1}
        last = await statements.end_of_walk(shape).rows(connection, **parameters)
        cursor = encode_cursor(_row_position(last[0], query.sort)) if last else None
    return AlertPage(found.alerts, total, cursor, total_is_lower_bound=True)


def _ways(query: AlertQuery, position: Position | None) -> tuple[Shape, Parameters]:
    """Return the ranges of the index that hold the list behind a position."""
    parameters = _after(position) if position else {}
    if query.status is None and query.severity is None:
        return Shape(query.sort, (position is not None,), status=False, severity=False), parameters
    branches: list[bool] = []
    for status in AlertStatus if query.status is None else (query.status,):
        behind = position is not None
        if position and query.sort is AlertSort.PRIORITY and is_open(status) != position.is_open:
            # Open alerts come first: behind a closed one there is none, behind an open one all
            # closed ones follow.
            if is_open(status):
                continue
            behind = False
        for severity in Severity if query.severity is None else (query.severity,):
            number = len(branches)
            parameters |= {
                f"status_{number}": status,
                f"severity_{number}": severity,
                f"open_{number}": is_open(status),
            }
            branches.append(behind)
    shape = Shape(
        query.sort,
        tuple(branches),
        status=query.status is not None,
        severity=query.severity is not None,
    )
    return shape, parameters


def _page(rows: Sequence[Row], query: AlertQuery, total: int) -> AlertPage:
    """Return a page of rows, of which one more than asked for tells that the list goes on."""
    shown = [alert_of(row) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return AlertPage(
        shown, total, encode_cursor(_position(shown[-1], query.sort)) if more else None
    )


def _offset(query: AlertQuery) -> int:
    return 0 if query.cursor else (query.page - 1) * query.limit


def _position(alert: Alert, sort: AlertSort) -> Position:
    return Position(sort, getattr(alert, _VALUES[sort]), alert.alert_id, alert.is_open)


def _row_position(row: Row, sort: AlertSort) -> Position:
    return Position(sort, row[-2], row[-1], bool(row[0]) if sort is AlertSort.PRIORITY else False)


def _after(position: Position) -> Parameters:
    return {
        f"after_{_VALUES[AlertSort(position.sort)]}": position.value,
        "after_alert_id": position.row_id,
        "after_is_open": position.is_open,
    }
