"""`anomaly up` leaves nothing behind, whatever ends it, and says what is in its way."""

import os
import signal
import socket
from pathlib import Path

import psutil
import pytest

from tests.support.product import environment, product, run, running, wait_for


def gone(family: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != "zombie" for each in family)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_everything_cleanly(tmp_path: Path, number: int) -> None:
    with product(tmp_path) as started:
        family = started.program.family()
        assert len(family) >= 3
        assert started.program.stop(number) == 0
        assert gone(family)
    assert not list((tmp_path / "data").glob("*.json"))


def test_stop_while_starting_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path, environment(tmp_path / "data"), "up") as program:
        wait_for("a child", lambda: len(program.family()) > 1)
        family = program.family()
        assert program.stop() == 0
        assert gone(family)


def test_end_of_one_server_ends_both_and_is_explained(tmp_path: Path) -> None:
    with product(tmp_path) as started:
        family = started.program.family()
        os.kill(started.program.runtime("scoring_server.json")["pid"], signal.SIGKILL)
        assert started.program.process.wait(30) == 1
        assert gone(family)
        output = started.program.output()
    assert "scoring ended with signal SIGKILL. Its last lines:" in output
    assert "serving" in output.partition("Its last lines:")[2]


def test_killed_up_takes_its_servers_along(tmp_path: Path) -> None:
    with product(tmp_path) as started:
        family = started.program.family()
        started.program.process.kill()
        started.program.process.wait(30)
        wait_for("the end of the servers", lambda: gone(family), 30)


def test_servers_start_again_on_the_same_data(tmp_path: Path) -> None:
    for _ in range(2):
        with product(tmp_path) as started:
            assert started.program.stop() == 0
        (tmp_path / "up.log").unlink()


@pytest.mark.parametrize("variable", ["GRPC_PORT", "METRICS_PORT", "PORT"])
def test_port_in_use_is_named_with_its_variable(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run(environment(tmp_path / "data", **{variable: port}), "up")
    assert result.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr
    assert f"Set {variable} to a free port" in result.stderr


def test_server_that_cannot_start_is_explained(tmp_path: Path) -> None:
    environ = environment(tmp_path / "data", DATABASE_URL="mysql://nobody@localhost/x")
    with running(tmp_path, environ, "up") as program:
        assert program.process.wait(60) == 1
        assert "gateway ended with exit code 2" in program.output()
        assert "DATABASE_URL" in program.output()
