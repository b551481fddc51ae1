"""The files in deploy/ pass their tools, agree with each other, and hold to our rules."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from scoring_server.config import ScoringConfig
from tests.support.deployments import (
    BASE,
    DEPLOY,
    MANNERS,
    ROOT_OF_MODELS,
    SERVERS,
    compose,
    container,
    image_environ,
    last_stage,
    manifests,
    unit,
)

ROOT = Path(__file__).parents[3]
KUBERNETES = "1.33"
# systemd-analyze's own scale: 0 is nothing to gain for an attacker, 10 everything. A service
# without any protection has 9.6.
EXPOSURE_MAX = 2.5
PROBES = ("grpc", "httpGet", "tcpSocket")
SELECTED = "app.kubernetes.io/name"


def pod(server: str) -> dict[str, Any]:
    (found,) = (
        each["spec"]["template"]
        for each in manifests()
        if each["kind"] in {"StatefulSet", "Deployment"} and each["metadata"]["name"] == server
    )
    return dict(found)


def test_dockerfile_passes_hadolint() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    result = subprocess.run(
        [hadolint, "--failure-threshold", "style", DEPLOY / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_image_runs_as_nobody_special_and_writes_to_its_volume_only() -> None:
    users = [argument for name, argument in last_stage() if name == "USER"]
    assert users == ["10001:10001"]
    environ = image_environ()
    volume = environ["DATA_DIR"]
    assert environ["ANOMALY_CACHE_DIR"].startswith(f"{volume}/")
    for server in SERVERS:
        service = compose()["services"][server]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert any(each.endswith(f":{volume}") for each in service["volumes"])
        mounts = {each["mountPath"] for each in container(server)["volumeMounts"]}
        assert mounts == {volume, "/tmp"}  # noqa: S108 - a path of the container
    assert ("COPY", f"models/default {ROOT_OF_MODELS}/default") in last_stage()


def test_wheel_of_the_image_holds_all_files_of_the_packages(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path)]
    sources = tmp_path / "sources"
    for name in ("proto", "models", "gateway", "scoring_server"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, sources / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    subprocess.run([*pip, *options, str(sources)], check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "gateway", "models", "scoring_server"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert not set(tracked) - held


@pytest.mark.parametrize("each", manifests(), ids=lambda each: f"{each['kind']} {each['metadata']}")
def test_manifest_is_valid(each: dict[str, Any]) -> None:
    kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_every_manifest_is_listed() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    there = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == there


def test_budgets_policies_and_services_select_pods_that_are_there() -> None:
    names = {pod(server)["metadata"]["labels"][SELECTED] for server in SERVERS}
    for each in manifests():
        spec = each.get("spec", {})
        selector = spec.get("selector") or spec.get("podSelector") or {}
        labels = selector.get("matchLabels", selector)
        if labels:
            assert labels.keys() == {SELECTED}
            assert labels[SELECTED] in names
    budgets = {each["metadata"]["name"] for each in manifests() if "Budget" in each["kind"]}
    assert budgets == set(SERVERS)


@pytest.mark.parametrize("server", SERVERS)
def test_ports_of_probes_services_and_policies_are_those_of_the_containers(server: str) -> None:
    ports = {each["name"]: each["containerPort"] for each in container(server)["ports"]}
    (service,) = (
        each
        for each in manifests()
        if each["kind"] == "Service" and each["metadata"]["name"] == server
    )
    for each in service["spec"]["ports"]:
        assert ports[each["targetPort"]] == each["port"]
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container(server)[name]
        port = next(iter(probe[kind]["port"] for kind in probe if kind in PROBES))
        assert port in {*ports, *ports.values()}
    assert all(f":{port}:{port}" in str(compose()["services"][server]) for port in ports.values())


@pytest.mark.parametrize("server", SERVERS)
def test_pods_are_restricted_and_secrets_are_references(server: str) -> None:
    spec = pod(server)["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    own = container(server)["securityContext"]
    assert own["readOnlyRootFilesystem"] is True
    assert own["allowPrivilegeEscalation"] is False
    for each in container(server).get("env", []):
        is_secret = bool(re.search("KEY|URL|PASSWORD|TOKEN", each["name"]))
        assert is_secret == ("valueFrom" in each)


def test_drain_fits_into_every_grace_period() -> None:
    drain_s = ScoringConfig().limits.drain_s
    for server in SERVERS:
        assert pod(server)["spec"]["terminationGracePeriodSeconds"] > drain_s
        assert int(compose()["services"][server]["stop_grace_period"].rstrip("s")) > drain_s
        assert int(unit(server)["TimeoutStopSec"][0]) > drain_s


@pytest.mark.parametrize("manner", MANNERS)
def test_every_variable_that_is_set_is_one_of_ours(manner: str) -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    ours = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", page, re.MULTILINE))
    for server in SERVERS:
        names = {name for name in MANNERS[manner](server).environ if "PYTHON" not in name}
        assert not names - ours


@pytest.mark.parametrize("server", SERVERS)
def test_unit_passes_systemd_and_is_hardened(server: str, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine")
    name = f"anomaly-{server}.service"
    text = (DEPLOY / "systemd" / name).read_text()
    # The program must be there for systemd to be content.
    copy = tmp_path / name
    copy.write_text(text.replace("/opt/anomaly/bin/anomaly", sys.executable))
    verified = subprocess.run(
        [analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stderr
    assert name not in verified.stderr, verified.stderr
    arguments = ["security", "--offline=true", f"--threshold={int(EXPOSURE_MAX * 10)}", copy]
    exposed = subprocess.run(
        [analyze, "--no-pager", *arguments], capture_output=True, text=True, check=False
    )
    assert exposed.returncode == 0, exposed.stdout[-2000:] + exposed.stderr
