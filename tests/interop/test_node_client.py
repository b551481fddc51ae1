"""A client that shares nothing with us but the protocol files gets the answers that ours gets."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.product import ROOT, environment, running

SOURCES = Path(__file__).parent / "node"
INSTALL_SECONDS_MAX = 180
TRANSACTION = {
    "transaction_id": "node-1",
    "event_time": {"seconds": "1770647538", "nanos": 5},
    "payment": {
        "account_id": "alice",
        "terminal_id": "t1",
        # Beyond the integers that a JavaScript number holds exactly.
        "amount_minor": "999999999999999",
        "currency": "EUR",
        "channel": "CHANNEL_ECOM",
        "position": {"latitude_deg": 52.5, "longitude_deg": 13.4},
    },
}


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the client's packages, as its lock file pins them, outside the source tree."""
    if shutil.which("npm") is None:
        pytest.fail("this test needs Node 18 or newer with npm on PATH")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "score.js"):
        shutil.copy(SOURCES / name, folder)
    result = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS_MAX,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with running(folder, environment(folder / "data"), "serve") as server:
        yield f"127.0.0.1:{server.runtime('scoring_server.json')['grpc_port']}"


def score(client: Path, target: str, transaction: dict[str, Any]) -> dict[str, Any]:
    result = subprocess.run(
        ["node", "score.js", target, str(ROOT / "proto"), json.dumps(transaction)],
        cwd=client,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_node_client_scores_and_gets_the_first_answer_again(node_client: Path, target: str) -> None:
    first = score(node_client, target, TRANSACTION)["result"]
    assert first["transaction_id"] == "node-1"
    assert first["decision"] in {"DECISION_APPROVE", "DECISION_REVIEW", "DECISION_DECLINE"}
    assert 0 <= first["risk_score"] <= 100
    assert first["replayed"] is False
    again = score(node_client, target, TRANSACTION)["result"]
    assert again.pop("replayed") is True
    first.pop("replayed")
    assert again == first


def test_node_client_sees_the_refusal(node_client: Path, target: str) -> None:
    payment = {**TRANSACTION["payment"], "amount_minor": "-1"}
    answer = score(node_client, target, {**TRANSACTION, "transaction_id": "x", "payment": payment})
    assert answer["error"]["code"] == "INVALID_ARGUMENT"
