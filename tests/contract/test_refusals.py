"""What the contract does not allow is refused by name, and changes nothing."""

from typing import Any

import pytest

from tests.contract.answers import (
    fresh_path,
    known_paths,
    require_error,
    require_named,
    unknown_path,
)
from tests.contract.bad_values import beyond, in_query, of_other_types
from tests.contract.reading import CONTRACT, Endpoint, Parameter
from tests.contract.served import Served
from tests.support.alerts import body as evaluate_body

QUERIES = [
    pytest.param(each, parameter, id=f"{each} {parameter.name}")
    for each in CONTRACT.endpoints
    for parameter in each.query
    if [*in_query(parameter.schema), *parameter.bad]
]
BODIES = [
    pytest.param(each, parameter, id=f"{each} {parameter.name}")
    for each in CONTRACT.endpoints
    for parameter in each.body
]
WITH_BODY = [each for each in CONTRACT.endpoints if each.body]
WITH_ID = [each for each in CONTRACT.endpoints if 404 in each.errors]


def valid_body(endpoint: Endpoint) -> dict[str, Any]:
    if "valid" in endpoint.rules:
        return dict(endpoint.rules["valid"])
    return evaluate_body("refused-1")


@pytest.mark.parametrize(("endpoint", "parameter"), QUERIES)
def test_bad_query_value_is_named(
    gateway: Served, endpoint: Endpoint, parameter: Parameter
) -> None:
    path = known_paths(gateway, endpoint)[0]
    for value in (*in_query(parameter.schema), *parameter.bad):
        params = {parameter.name: value}
        answer = gateway.client.request(endpoint.method, path, params=params)
        named = require_named(answer, parameter.name)
        if parameter.values:
            assert named[parameter.name]["allowed"] == parameter.values
            assert str(value) in answer.json()["message"]


@pytest.mark.parametrize("endpoint", [each for each in CONTRACT.endpoints if each.query], ids=str)
def test_all_bad_query_values_are_named_at_once(gateway: Served, endpoint: Endpoint) -> None:
    bad = {
        parameter.name: next(in_query(parameter.schema))
        for parameter in endpoint.query
        if [*in_query(parameter.schema)]
    }
    path = known_paths(gateway, endpoint)[0]
    require_named(gateway.client.request(endpoint.method, path, params=bad), *bad)


@pytest.mark.parametrize(("endpoint", "parameter"), BODIES)
def test_bad_field_is_named(gateway: Served, endpoint: Endpoint, parameter: Parameter) -> None:
    path = fresh_path(gateway, endpoint)
    valid = valid_body(endpoint)
    values = [*beyond(parameter.schema), *of_other_types(parameter.schema), *parameter.bad]
    if parameter.required:
        values.append(None)
    for value in values:
        body = valid | {parameter.name: value}
        answer = gateway.client.request(endpoint.method, path, json=body)
        named = require_named(answer, parameter.name)
        if parameter.values:
            assert named[parameter.name]["allowed"] == parameter.values
    if parameter.required:
        without = {name: value for name, value in valid.items() if name != parameter.name}
        answer = gateway.client.request(endpoint.method, path, json=without)
        require_named(answer, parameter.name)
    if "{alert_id}" in endpoint.path:
        alert_id = path.split("/")[3]
        assert gateway.detail(alert_id)["version"] == 1
        assert len(gateway.history(alert_id)) == 1


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
def test_body_that_is_no_json_object_is_refused(gateway: Served, endpoint: Endpoint) -> None:
    path = fresh_path(gateway, endpoint)
    for content, status in ((b"{", 400), (b"[1]", 422), (b'"text"', 422), (b"\xff\xfe", 400)):
        answer = gateway.client.request(
            endpoint.method, path, content=content, headers={"content-type": "application/json"}
        )
        require_error(answer, status)


@pytest.mark.parametrize("endpoint", WITH_ID, ids=str)
def test_unknown_id_is_not_found(gateway: Served, endpoint: Endpoint) -> None:
    body = endpoint.rules.get("valid")
    answer = gateway.client.request(endpoint.method, unknown_path(endpoint), json=body)
    require_error(answer, 404)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/alerts/a/b", "/favicon.png", "/api"])
def test_unknown_path_is_not_found(gateway: Served, path: str) -> None:
    require_error(gateway.client.get(path), 404)


@pytest.mark.parametrize("given", ["abc.DEF-1", "x" * 64])
def test_request_id_of_the_caller_is_kept(gateway: Served, given: str) -> None:
    answer = gateway.client.get("/api/alerts/no-such", headers={"x-request-id": given})
    assert require_error(answer, 404)["request_id"] == given


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>"])
def test_unfit_request_id_is_replaced(gateway: Served, given: str) -> None:
    answer = gateway.client.get("/api/alerts/no-such", headers={"x-request-id": given})
    assert require_error(answer, 404)["request_id"] != given


@pytest.mark.parametrize("path", sorted({each.path for each in CONTRACT.endpoints}))
def test_methods_of_a_path_are_told(gateway: Served, path: str) -> None:
    methods = {each.method for each in CONTRACT.endpoints if each.path == path}
    asked = gateway.client.options(path)
    assert methods | {"OPTIONS"} <= set(asked.headers["allow"].split(", "))
    refused = require_error(gateway.client.request("TRACE", path), 405)
    assert refused["error_code"] == "METHOD_NOT_ALLOWED"
