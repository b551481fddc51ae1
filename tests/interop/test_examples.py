"""The examples in four languages pass one script against the real server.

The client is there first and waits; then it scores, repeats, contradicts itself, is wrong, and is
too late.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.product import ROOT, environment, running, wait_for

EXAMPLES = ROOT / "examples"
CONFIG = EXAMPLES / "service_config.json"
PROTO = ROOT / "proto"
BUILD_SECONDS_MAX = 280
# Set by the programs themselves; what they keep between two builds lies there.
KEPT = ("PATH", "HOME", "GOPROXY", "GOFLAGS", "GOCACHE", "GOMODCACHE", "JAVA_HOME")
ENVIRON = {name: os.environ[name] for name in KEPT if name in os.environ}


def needs(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on this machine")


def build(folder: Path, *command: str | Path, **environ: str) -> None:
    built = subprocess.run(
        command,
        cwd=folder,
        env=ENVIRON | environ,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS_MAX,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]


def copied(language: str, folder: Path) -> Path:
    ignored = shutil.ignore_patterns("bin", "gen", "target", "node_modules")
    return shutil.copytree(EXAMPLES / language, folder / language, ignore=ignored)


def python(_folder: Path) -> list[str]:
    return [sys.executable, str(EXAMPLES / "python/client.py")]


def go(folder: Path) -> list[str]:
    needs("go")
    source = copied("go", folder)
    build(source, "./build.sh", PROTO, PROTOC=f"{sys.executable} -m grpc_tools.protoc")
    return [str(source / "bin/client")]


def java(folder: Path) -> list[str]:
    needs("java", "mvn")
    source = copied("java", folder)
    build(source, "mvn", "-q", "-B", f"-Dproto={PROTO}", "process-classes")
    return ["java", "-cp", f"{source}/target/classes:{source}/target/lib/*", "example.Client"]


def node(folder: Path) -> list[str]:
    needs("node", "npm")
    source = copied("node", folder)
    build(source, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    return ["node", str(source / "client.js")]


@pytest.mark.slow
@pytest.mark.parametrize("language", [python, go, java, node], ids=lambda each: each.__name__)
def test_example_passes_the_script(language: Callable[[Path], list[str]], tmp_path: Path) -> None:
    command = language(tmp_path)
    port = free_port()
    arguments = [f"127.0.0.1:{port}", str(CONFIG), "tx-1", str(PROTO)][
        : None if language is node else 3
    ]
    client = subprocess.Popen(
        [*command, *arguments],
        env=ENVIRON | {"PYTHONPATH": str(PROTO)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with running(tmp_path, environment(tmp_path / "data", GRPC_PORT=str(port)), "serve"):
            wait_for("answers", lambda: client.poll() is not None)
            output, errors = client.communicate()
    finally:
        client.kill()
    assert client.returncode == 0, errors
    answers = json.loads(output)
    first, again = answers["first"], answers["again"]
    assert first["code"] == again["code"] == "OK"
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["decision"].startswith("DECISION_")
    assert (first["score"], first["decision"]) == (again["score"], again["decision"])
    codes = [answers[name]["code"] for name in ("conflict", "invalid", "late")]
    assert codes == ["ALREADY_EXISTS", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED"]
