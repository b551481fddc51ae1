"""Alert rules and dashboards stand on figures that both servers really show."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.deployments import DEPLOY
from tests.support.product import product

ROOT = DEPLOY.parent
RULES = DEPLOY / "prometheus/alerts.yml"
DASHBOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
RUNBOOKS = ROOT / "docs/runbooks"
NAMES = re.compile(r"\b(?:anomaly|gateway)_\w+")
SELECTED = re.compile(r"\b((?:anomaly|gateway)_\w+)\{([^}]*)\}")
LABELS = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels(dashboard: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(dashboard.read_text())["panels"]
    return found


def shown(dashboard: Path) -> list[str]:
    return [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]


def expressions() -> list[str]:
    drawn = [each for dashboard in DASHBOARDS for each in shown(dashboard)]
    return [rule["expr"] for rule in rules()] + drawn


def promtool(*arguments: str | Path) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool on this machine; Debian's package prometheus has it")
    checked = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def figures(*texts: str) -> dict[str, set[str]]:
    """Return the names that can be asked for, and the labels seen with each."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for suffix in SUFFIXES[family.type]:
                found.setdefault(family.name + suffix, set())
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_figure_and_label_is_one_that_the_servers_show(tmp_path: Path) -> None:
    with product(tmp_path) as both:
        httpx.get(f"{both.url}/api/alerts").raise_for_status()
        port = both.program.runtime("scoring_server.json")["metrics_port"]
        scoring = httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text
        there = figures(scoring, httpx.get(f"{both.url}/metrics").raise_for_status().text)
    for expression in expressions():
        missing = set(NAMES.findall(re.sub(r'"[^"]*"', '""', expression))) - there.keys()
        assert not missing, expression
        for name, selection in SELECTED.findall(expression):
            labels = set(LABELS.findall(re.sub(r'"[^"]*"', '""', selection)))
            # Of what has not happened yet no labels are seen.
            assert not there[name] or labels <= there[name], expression


def test_every_rule_has_a_runbook_and_every_runbook_a_rule() -> None:
    names = {rule["alert"] for rule in rules()}
    assert {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"} == names
    index = (RUNBOOKS / "README.md").read_text()
    for rule in rules():
        name, severity = rule["alert"], rule["labels"]["severity"]
        assert severity in {"page", "ticket"}
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{name}.md"
        page = (RUNBOOKS / f"{name}.md").read_text()
        assert page.startswith(f"# {name}\n")
        assert "## Where to look" in page
        assert "## What to do" in page
        assert f"[{name}]({name}.md) ({severity})" in index


def test_links_and_rules_that_pages_and_tests_name_are_there() -> None:
    for page in RUNBOOKS.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert (RUNBOOKS / link).exists(), f"{page.name}: {link}"
    tested = (DEPLOY / "prometheus/alerts.test.yml").read_text()
    assert set(re.findall(r"alertname: (\w+)", tested)) <= {rule["alert"] for rule in rules()}


def test_jobs_of_rules_are_those_of_the_example() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    jobs = {each["job_name"] for each in config["scrape_configs"]}
    assert set(re.findall(r'job="([^"]+)"', RULES.read_text())) == jobs


def test_rules_pass_promtool_and_fire_as_their_tests_say() -> None:
    promtool("check", "config", DEPLOY / "prometheus/prometheus.yml")
    promtool("test", "rules", DEPLOY / "prometheus/alerts.test.yml")


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboard_holds_expressions_that_prometheus_reads(dashboard: Path, tmp_path: Path) -> None:
    numbers = [panel["id"] for panel in panels(dashboard)]
    assert len(set(numbers)) == len(numbers)
    # What Grafana puts there before it asks.
    asked = [each.replace("$__rate_interval", "1m") for each in shown(dashboard)]
    records = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(asked)]
    group = {"groups": [{"name": "dashboard", "rules": records}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(group))
    promtool("check", "rules", tmp_path / "rules.yml")
