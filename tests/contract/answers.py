"""Calling endpoints of the contract, and what every answer has to be."""

from typing import Any

import httpx

from tests.contract.reading import CONTRACT, Endpoint, faults
from tests.contract.served import ANALYSTS, Served

_ERROR = CONTRACT.schema("error")
_FIELD_FAULT = CONTRACT.schema("field_fault")
# What shows up in a text only when something inside leaks out.
_LEAKS = ("Traceback", 'File "', "sqlalchemy", "sqlite3.", "psycopg", "SELECT ", "INSERT ", "grpc")


def known_paths(gateway: Served, endpoint: Endpoint) -> list[str]:
    """Return the paths of things that exist, of every kind that there is."""
    path = endpoint.path
    if "{alert_id}" in path:
        ids = [found[0] for found in gateway.alerts.values()]
        ids += [gateway.trade_alert, gateway.folded_alert]
        return [path.replace("{alert_id}", each) for each in ids]
    if "{feedback_id}" in path:
        listed = gateway.client.get("/api/feedback").json()["data"]
        return [path.replace("{feedback_id}", listed[0]["feedback_id"])]
    return [path.replace("{analyst_id}", ANALYSTS[0])]


def unknown_path(endpoint: Endpoint) -> str:
    head, _, rest = endpoint.path.partition("{")
    return f"{head}no-such-thing{rest.partition('}')[2]}"


def fresh_path(gateway: Served, endpoint: Endpoint, status: str = "ACTIVE") -> str:
    """Return the path of an alert that no other test looks at."""
    if "{alert_id}" not in endpoint.path:
        return endpoint.path
    return endpoint.path.replace("{alert_id}", gateway.new_alert(status))


def require_success(endpoint: Endpoint, answer: httpx.Response) -> Any:
    """Require the status and the shape of a success; return the body."""
    assert answer.status_code == endpoint.status, answer.text
    assert answer.headers["x-request-id"]
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert endpoint.success is not None
    body = answer.json()
    assert faults(endpoint.success, body) == []
    return body


def require_error(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Require an error that keeps to the contract and tells nothing of the inside."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert faults(_ERROR, body) == []
    assert set(body) == {"error_code", "message", "details", "request_id"}
    assert body["request_id"] == answer.headers["x-request-id"]
    rules = CONTRACT.conventions["errors"][status]
    assert body["error_code"] == rules.get("error_code", body["error_code"])
    if rules.get("retry_after"):
        assert int(answer.headers["retry-after"]) >= 1
    assert not [leak for leak in _LEAKS if leak in answer.text]
    return body


def require_named(answer: httpx.Response, *names: str) -> dict[str, dict[str, Any]]:
    """Require a 422 that names exactly these fields; return what it says of each."""
    body = require_error(answer, 422)
    listed = body["details"]["fields"]
    assert [fault for each in listed for fault in faults(_FIELD_FAULT, each)] == []
    named = {each["field"]: each for each in listed}
    assert set(named) == set(names), answer.text
    for name in names:
        assert name in body["message"]
    return named
