"""The environment variables of the contract: defaults, forms, and what they change."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.config import load_config
from scoring_server.config import load_config as load_scoring_config
from scoring_server.kernels.combine import band
from tests.contract.answers import require_error, require_named
from tests.contract.reading import read
from tests.contract.served import Served, served
from tests.support.gateway_process import run
from tests.support.postgresql import fresh_database

RULES = read("environment")
SECRET = "kP3v-8Qz1_wYt6Rb0NnXe5Lg2HsUd7Jc"


@pytest.mark.parametrize(("name", "default"), RULES["defaults"].items())
def test_default_is_that_of_the_contract(name: str, default: Any) -> None:
    found = getattr(load_config({}), name.lower())
    assert (list(found) if isinstance(found, tuple) else found) == default


@pytest.mark.parametrize(("name", "default"), RULES["in_production"].items())
def test_default_in_production_is_that_of_the_contract(name: str, default: Any) -> None:
    config = load_config({"ENVIRONMENT": "production", "SECRET_KEY": SECRET})
    assert getattr(config, name.lower()) == default


@pytest.mark.parametrize(("name", "default"), RULES["defaults"].items())
def test_default_given_is_default_left_out(name: str, default: Any) -> None:
    text = ",".join(default) if isinstance(default, list) else str(default)
    given, left_out = load_config({name: text}), load_config({})
    for field in fields(left_out):
        assert getattr(given, field.name) == getattr(left_out, field.name)


def test_database_is_a_file_in_the_data_directory_by_default(tmp_path: Path) -> None:
    url = load_config({"DATA_DIR": str(tmp_path)}).database_url
    assert url.startswith("sqlite")
    assert url.endswith(f"{tmp_path}/gateway.sqlite")


@pytest.mark.parametrize("scheme", RULES["postgresql_schemes"])
def test_every_form_of_url_reaches_postgresql(postgresql: str, tmp_path: Path, scheme: str) -> None:
    with fresh_database(postgresql, migrated=False) as url:
        given = {"DATABASE_URL": f"{scheme}://{url.partition('://')[2]}"}
        assert "schema none" in run(tmp_path, "db", "check", **given).stdout
        migrated = run(tmp_path, "db", "migrate", **given)
        assert migrated.returncode == 0, migrated.stderr
        # By the form that the other tests use it is the same database.
        checked = run(tmp_path, "db", "check", DATABASE_URL=url)
        assert checked.returncode == 0, checked.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", RULES["origins"], ids=lambda form: form["given"])
def test_origins_come_in_every_form(form: dict[str, Any]) -> None:
    assert list(load_config({"CORS_ORIGINS": form["given"]}).cors_origins) == form["means"]


def test_severity_begins_at_its_threshold() -> None:
    risk = load_scoring_config({}).risk
    found = {name: getattr(risk, name.lower()) for name in RULES["thresholds"]}
    assert found == RULES["thresholds"]
    edges = np.array(list(RULES["thresholds"].values()))
    for place, (edge, name) in enumerate(zip(edges, RULES["thresholds"], strict=True)):
        assert band(edge, edges) == place + 1, name
        assert band(np.nextafter(edge, 0.0), edges) == place


def test_alerts_begin_with_medium_unless_told_otherwise() -> None:
    assert load_scoring_config({}).risk.alert == RULES["alert_from"]
    assert load_scoring_config({"RISK_THRESHOLD_MEDIUM": "40"}).risk.alert == 40.0
    both = {"RISK_THRESHOLD_MEDIUM": "40", "ALERT_THRESHOLD": "60"}
    assert load_scoring_config(both).risk.alert == 60.0


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run a gateway with other settings than the defaults."""
    folder = tmp_path_factory.mktemp("strict")
    settings = {
        "REQUIRE_FRAUD_NOTES": "true",
        "METRICS_PATH": "/internal/figures",
        "CORS_ORIGINS": '["http://a.example"]',
        "RATE_LIMIT_REQUESTS": "40",
        "RATE_LIMIT_WINDOW_SECONDS": "600",
        "ENVIRONMENT": "development",
    }
    with served(folder, "", **settings) as gateway:
        yield gateway


def test_fraud_needs_notes_where_the_environment_says_so(strict: Served) -> None:
    alert_id = strict.new_alert()
    path = f"/api/investigations/{alert_id}/decision"
    require_named(strict.client.post(path, json={"decision": "FRAUD"}), "notes")
    require_named(strict.client.post(path, json={"decision": "FRAUD", "notes": "  "}), "notes")
    assert strict.detail(alert_id)["status"] == "ACTIVE"
    body = {"decision": "FRAUD", "notes": "The holder did not pay this."}
    assert strict.client.post(path, json=body).status_code == 200
    other = f"/api/investigations/{strict.new_alert()}/decision"
    assert strict.client.post(other, json={"decision": "LEGITIMATE"}).status_code == 200


def test_metrics_are_where_the_environment_says(strict: Served) -> None:
    figures = strict.client.get("/internal/figures")
    assert figures.headers["content-type"].startswith("text/plain")
    require_error(strict.client.get("/metrics"), 404)


def test_origin_of_the_environment_may_read(strict: Served) -> None:
    for origin, allowed in (("http://a.example", True), ("http://localhost:3000", False)):
        answer = strict.client.get("/health", headers={"Origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


def test_too_many_requests_are_refused_and_told_when_to_come_back(strict: Served) -> None:
    for _ in range(41):
        answer = strict.client.get("/api/alerts")
        if answer.status_code == 429:
            break
    require_error(answer, 429)
