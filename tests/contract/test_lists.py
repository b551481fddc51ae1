"""Every list is the same by page numbers and by cursor."""

from typing import Any

import pytest

from tests.contract.answers import known_paths, require_success
from tests.contract.reading import CONTRACT, Endpoint
from tests.contract.served import Served

LISTS = [each for each in CONTRACT.endpoints if each.is_list]
FILTERED = [
    pytest.param(each, parameter, id=f"{each} {parameter.name}")
    for each in LISTS
    for parameter in each.query
    if parameter.values
]
LIMIT = 4
PAGES_MAX = 100


def page(gateway: Served, endpoint: Endpoint, **params: Any) -> dict[str, Any]:
    path = known_paths(gateway, endpoint)[0]
    body: dict[str, Any] = require_success(endpoint, gateway.client.get(path, params=params))
    return body


def keys(endpoint: Endpoint, body: dict[str, Any]) -> list[str]:
    return [row[endpoint.rules["key"]] for row in body["data"]]


def by_page(gateway: Served, endpoint: Endpoint, **params: Any) -> list[str]:
    found: list[str] = []
    for number in range(1, PAGES_MAX):
        body = page(gateway, endpoint, page=number, limit=LIMIT, **params)
        found += keys(endpoint, body)
        pagination = body["pagination"]
        assert (pagination["page"], pagination["limit"]) == (number, LIMIT)
        assert pagination["total_pages"] == -(-pagination["total_records"] // LIMIT)
        assert pagination["has_previous"] is (number > 1)
        assert pagination["has_next"] is (number < pagination["total_pages"])
        if not pagination["has_next"]:
            assert len(found) == pagination["total_records"]
            return found
    raise AssertionError("the list does not end")


def by_cursor(gateway: Served, endpoint: Endpoint, **params: Any) -> list[str]:
    found: list[str] = []
    cursor = ""
    for _ in range(PAGES_MAX):
        body = page(gateway, endpoint, cursor=cursor, limit=LIMIT, **params)
        found += keys(endpoint, body)
        cursor = body["pagination"]["next_cursor"]
        assert body["pagination"]["has_next"] is (cursor is not None)
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


@pytest.mark.parametrize(("endpoint", "parameter"), FILTERED)
def test_pages_and_cursor_give_each_row_once(
    gateway: Served, endpoint: Endpoint, parameter: Any
) -> None:
    for value in parameter.values:
        walked = by_page(gateway, endpoint, **{parameter.name: value})
        assert walked == by_cursor(gateway, endpoint, **{parameter.name: value})
        assert len(set(walked)) == len(walked)


@pytest.mark.parametrize("endpoint", LISTS, ids=str)
def test_list_without_filters_gives_each_row_once(gateway: Served, endpoint: Endpoint) -> None:
    walked = by_page(gateway, endpoint)
    assert walked == by_cursor(gateway, endpoint)
    assert len(set(walked)) == len(walked) > LIMIT


@pytest.mark.parametrize("endpoint", LISTS, ids=str)
def test_page_beyond_the_end_is_empty(gateway: Served, endpoint: Endpoint) -> None:
    first = page(gateway, endpoint, limit=LIMIT)["pagination"]
    beyond = page(gateway, endpoint, limit=LIMIT, page=first["total_pages"] + 1)
    assert beyond["data"] == []
    assert beyond["pagination"] == first | {
        "page": first["total_pages"] + 1,
        "has_next": False,
        "has_previous": True,
        "next_cursor": None,
    }


@pytest.mark.parametrize("endpoint", LISTS, ids=str)
def test_limit_holds(gateway: Served, endpoint: Endpoint) -> None:
    total = page(gateway, endpoint)["pagination"]["total_records"]
    for limit in (1, 100):
        assert len(page(gateway, endpoint, limit=limit)["data"]) == min(limit, total)


@pytest.mark.parametrize(("endpoint", "parameter"), FILTERED)
def test_all_is_no_filter(gateway: Served, endpoint: Endpoint, parameter: Any) -> None:
    if "ALL" in parameter.values:
        plain = by_page(gateway, endpoint)
        assert by_page(gateway, endpoint, **{parameter.name: "ALL"}) == plain
        parts = [
            key
            for value in parameter.values
            if value != "ALL"
            for key in by_page(gateway, endpoint, **{parameter.name: value})
        ]
        assert sorted(parts) == sorted(plain)


def test_search_finds_alerts_by_id_and_entity(gateway: Served) -> None:
    endpoint = CONTRACT.endpoint("GET /api/alerts")
    wanted = gateway.folded_alert
    assert keys(endpoint, page(gateway, endpoint, search=wanted)) == [wanted]
    assert keys(endpoint, page(gateway, endpoint, search="burst")) == [wanted]
    assert keys(endpoint, page(gateway, endpoint, search="no-such-entity")) == []


def test_orders_are_those_of_the_contract(gateway: Served) -> None:
    endpoint = CONTRACT.endpoint("GET /api/alerts")
    newest = [row["timestamp"] for row in page(gateway, endpoint, limit=100)["data"]]
    assert newest == sorted(newest, reverse=True)
    riskiest = page(gateway, endpoint, limit=100, sort="risk_score")["data"]
    scores = [row["risk_score"] for row in riskiest]
    assert scores == sorted(scores, reverse=True)
    queue = page(gateway, endpoint, limit=100, sort="priority", status="ACTIVE")["data"]
    bands = [row["priority"] for row in queue]
    assert bands == sorted(bands)
