"""A client that was written from the REST contract alone works an alert from payment to figures."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.product import product

SOURCES = Path(__file__).parent / "typescript"
INSTALL_SECONDS_MAX = 180
SESSION_SECONDS_MAX = 120


def run(folder: Path, *arguments: str, timeout: int) -> str:
    result = subprocess.run(
        arguments,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install what the lock file pins and compile strictly, outside the source tree."""
    if shutil.which("npm") is None:
        pytest.fail("this test needs Node 18 or newer with npm on PATH")
    folder = tmp_path_factory.mktemp("typescript")
    shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
    run(
        folder,
        "npm",
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        timeout=INSTALL_SECONDS_MAX,
    )
    run(folder, "npm", "run", "build", timeout=INSTALL_SECONDS_MAX)
    return folder


def test_client_works_an_alert_from_payment_to_figures(client: Path, tmp_path: Path) -> None:
    with product(tmp_path) as both:
        told = run(
            client, "node", "built/session.js", both.url, "typescript", timeout=SESSION_SECONDS_MAX
        )
    assert json.loads(told)["risk_score"] >= 50
