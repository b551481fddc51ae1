"""Every endpoint answers in the shape of the contract, for data of every kind."""

from typing import Any

import pytest

from tests.contract.answers import fresh_path, known_paths, require_success
from tests.contract.reading import CONTRACT, Endpoint
from tests.contract.served import Served

_JSON = [each for each in CONTRACT.endpoints if each.success is not None]
READING = [each for each in _JSON if each.method == "GET"]
WRITING = [each for each in _JSON if each.method != "GET" and "valid" in each.rules]
PAGES = [each for each in CONTRACT.endpoints if each.success is None]
WITH_CHOICES = [
    pytest.param(each, parameter, id=f"{each} {parameter.name}")
    for each in READING
    for parameter in each.query
    if parameter.values
]


def at(body: Any, place: str) -> Any:
    for name in place.split("."):
        body = body[name]
    return body


@pytest.mark.parametrize("endpoint", READING, ids=str)
def test_reading_answers_in_its_shape(gateway: Served, endpoint: Endpoint) -> None:
    rules = endpoint.rules
    for path in known_paths(gateway, endpoint):
        answer = gateway.client.get(path)
        body = require_success(endpoint, answer)
        data = body.get("data")
        if endpoint.is_list:
            assert data, "the gateway has rows to show"
        if "etag" in rules:
            assert answer.headers["etag"] == f'"{at(body, rules["etag"])}"'
        if "parallel" in rules:
            assert len({len(data[name]) for name in rules["parallel"]}) == 1
        for name, values in rules.get("exactly", {}).items():
            assert sorted(row[name] for row in data) == sorted(values)
        if "ascending" in rules:
            place, _, name = rules["ascending"].partition(".")
            found = [row[name] for row in body[place]]
            assert found == sorted(found)
            assert found


@pytest.mark.parametrize(("endpoint", "parameter"), WITH_CHOICES)
def test_every_allowed_value_is_taken(gateway: Served, endpoint: Endpoint, parameter: Any) -> None:
    path = known_paths(gateway, endpoint)[0]
    for value in parameter.values:
        answer = gateway.client.get(path, params={parameter.name: value})
        body = require_success(endpoint, answer)
        if parameter.filters and value != "ALL":
            found = {row[parameter.filters] for row in body["data"]}
            assert found <= {value}
        if "points" in endpoint.rules:
            least, most = endpoint.rules["points"][value]
            assert least <= len(body["data"]["values"]) <= most


@pytest.mark.parametrize(
    ("endpoint", "parameter"),
    [
        pytest.param(each, parameter, id=f"{each} {parameter.name}")
        for each in READING
        for parameter in each.query
        if parameter.default is not None
    ],
)
def test_default_is_what_the_contract_says(
    gateway: Served, endpoint: Endpoint, parameter: Any
) -> None:
    path = known_paths(gateway, endpoint)[0]
    given = {parameter.name: parameter.default}

    def body(**params: Any) -> Any:
        found = gateway.client.get(path, params=params).json()
        if endpoint.is_list:
            return [row[endpoint.rules["key"]] for row in found["data"]], found["pagination"]
        return found

    before, explicit, after = body(), body(**given), body()
    # Time goes on between two calls, and an hour may turn.
    assert explicit in (before, after)


@pytest.mark.parametrize("endpoint", WRITING, ids=str)
def test_writing_answers_in_its_shape(gateway: Served, endpoint: Endpoint) -> None:
    answer = gateway.client.request(
        endpoint.method, fresh_path(gateway, endpoint), json=endpoint.rules["valid"]
    )
    body = require_success(endpoint, answer)
    if "concurrent" in endpoint.rules:
        current = gateway.detail(body["alert_id"])
        assert answer.headers["etag"] == f'"{current["version"]}"'


@pytest.mark.parametrize("endpoint", PAGES, ids=str)
def test_pages_are_text(gateway: Served, endpoint: Endpoint) -> None:
    answer = gateway.client.get(endpoint.path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(endpoint.rules["text"])
    assert answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"amount": 0.01},
        {"amount": 97.5, "currency": "USD", "timestamp": "2026-02-09T14:32:18Z"},
        {"amount": 60, "timestamp": "2026-02-09T15:32:18.250+01:00"},
        {"amount": 60, "currency": "JPY", "latitude": 52.5, "longitude": 13.4, "mcc": 5411},
        {"amount": 60, "channel": None, "ip_address": None, "mcc": "5411", "geo_country": None},
        *({"entity_type": value} for value in CONTRACT.types["entity_type"]["enum"]),
    ],
    ids=str,
)
def test_evaluate_takes_what_the_contract_allows(gateway: Served, changes: Any) -> None:
    endpoint = CONTRACT.endpoint("POST /api/detection/evaluate")
    body = gateway.payment(**{"amount": 60.0} | changes)
    answer = gateway.client.post(endpoint.path, json=body)
    data = require_success(endpoint, answer)["data"]
    assert data["should_alert"] is (data["risk_score"] >= 50)
    assert data["transaction_id"] == body["transaction_id"]
    assert (data["alert_id"] is not None) is data["should_alert"]
    if data["alert_id"]:
        detail = gateway.detail(data["alert_id"])
        assert detail["entity"] == body["entity_id"]
        assert detail["entity_type"] == body["entity_type"]
        assert detail["transaction"]["destination_account"]


def test_alert_is_shown_as_it_was_sent(gateway: Served) -> None:
    alert_id = gateway.evaluate(amount=85.5, currency="USD", destination_account="to-1")["alert_id"]
    detail = gateway.detail(alert_id)
    shown = detail["transaction"]
    assert shown["amount"] == 85.5
    assert shown["currency"] == "USD"
    assert shown["source_account"] == detail["entity"]
    assert shown["destination_account"] == "to-1"
    assert (shown["channel"], shown["ip_address"]) == ("ECOM", "203.0.113.7")
    assert shown["device_fingerprint"].startswith("device-")


def test_burst_is_one_alert_with_all_its_transactions(gateway: Served) -> None:
    detail = gateway.detail(gateway.folded_alert)
    assert detail["transaction_count"] == len(detail["transactions"]) == 3
    assert detail["risk_score"] == 62.0
