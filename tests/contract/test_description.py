"""The description of the API says what the contract says, and the gateway keeps to all of it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.reading import CONTRACT, Endpoint
from tests.contract.served import Served
from tests.support.gateway_process import run
from tests.support.product import ROOT

HERE = Path(__file__).parent
FUZZ = ROOT / ".venv-fuzz/bin"
_LINE_LENGTH_MAX = 300
EXAMPLES = os.environ.get("CONTRACT_EXAMPLES") or "4"
SEED = "20260209"
DESCRIBED = [each for each in CONTRACT.endpoints if each.path.startswith("/api")]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("printed")
    document: dict[str, Any] = json.loads(run(folder, "gateway", "--print-openapi").stdout)
    return document


def tool(name: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    program = FUZZ / name
    if not program.exists():
        pytest.fail(f"{program} is not there; `make setup-dev` installs it")
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, **options
    )


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def test_what_is_printed_is_what_is_served(gateway: Served, printed: dict[str, Any]) -> None:
    assert gateway.client.get("/openapi.json").json() == printed


def test_description_is_valid_openapi(printed: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(printed))
    checked = tool("openapi-spec-validator", "--schema", "3.1", str(path))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("endpoint", DESCRIBED, ids=str)
def test_contract_is_described(printed: dict[str, Any], endpoint: Endpoint) -> None:
    operation = printed["paths"][endpoint.path][endpoint.method.lower()]
    assert {str(endpoint.status), "422"} <= set(operation["responses"])
    assert set(map(str, endpoint.errors)) <= set(operation["responses"])
    described = {each["name"]: each["schema"] for each in operation.get("parameters", [])}
    for parameter in endpoint.query:
        schema = resolved(printed, described[parameter.name])
        assert schema.get("enum", []) == parameter.values
        for bound in ("minimum", "maximum"):
            if bound in parameter.schema:
                assert schema[bound] == parameter.schema[bound]
    if endpoint.body:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = resolved(printed, schema)
        assert {each.name for each in endpoint.body} <= set(body["properties"])
        needed = {each.name for each in endpoint.body if each.required}
        assert needed - set(endpoint.rules.get("body_or_query", ())) == set(body["required"])


def test_numbers_in_a_url_have_both_bounds(printed: dict[str, Any]) -> None:
    parameters = [
        parameter
        for item in printed["paths"].values()
        for operation in item.values()
        for parameter in operation.get("parameters", [])
    ]
    bounded = [each for each in parameters if "maximum" in each["schema"]]
    assert bounded
    assert [each["name"] for each in bounded if "minimum" not in each["schema"]] == []


def test_patterns_mean_the_same_to_whoever_reads_them(printed: dict[str, Any]) -> None:
    described = json.dumps(printed)
    # The first does not exist in JSON Schema, the second means something else there.
    assert r"\\Z" not in described
    assert r"\\S" not in described


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_gateway_keeps_to_its_description(gateway: Served, tmp_path: Path) -> None:
    found = tool(
        "schemathesis",
        "--no-color",
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
        str(gateway.client.base_url.join("/openapi.json")),
        "--max-examples",
        EXAMPLES,
        "--seed",
        SEED,
        "--continue-on-failure",
        env=os.environ | {"PYTHONPATH": str(HERE)},
        cwd=tmp_path,
    )
    # A body may be as long as the gateway takes.
    told = "\n".join(line[:_LINE_LENGTH_MAX] for line in found.stdout.splitlines())
    assert found.returncode == 0, told[-20_000:]
