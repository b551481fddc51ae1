"""What `anomaly up` refuses before it starts anything. The rest is tested as a whole system."""

from pathlib import Path

import pytest

from scoring_server import up
from scoring_server.errors import ConfigurationError

ANYWHERE = "0.0.0.0"  # noqa: S104 - read, never listened on


def test_plan_takes_addresses_from_the_environment(tmp_path: Path) -> None:
    environ = {"DATA_DIR": str(tmp_path), "GRPC_PORT": "0", "METRICS_PORT": "0", "PORT": "0"}
    # Sockets are refused in unit tests, so the ports are looked at elsewhere.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(up, "check_port", lambda _endpoint: None)
        plan = up.plan({**environ, "HOST": ANYWHERE})
    assert plan.rest == up.Endpoint(ANYWHERE, 0, "PORT")
    assert plan.grpc == up.Endpoint("127.0.0.1", 0, "GRPC_PORT")
    assert plan.data_dir == tmp_path


def test_faulty_port_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="PORT must be a whole number"):
        up.plan({"DATA_DIR": str(tmp_path), "PORT": "eight"})


def test_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="DATA_DIR must be a directory"):
        up.check_data_dir(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("host", "reachable"),
    [(ANYWHERE, "127.0.0.1"), ("::", "[::1]"), ("10.0.0.7", "10.0.0.7")],
)
def test_summary_shows_an_address_that_can_be_used(host: str, reachable: str) -> None:
    assert up._reachable(host) == reachable


def test_summary_is_a_closed_box_with_what_to_do_next(tmp_path: Path) -> None:
    running = up.Running("127.0.0.1:7001", "127.0.0.1:7002", "127.0.0.1:7003", tmp_path, 2.34)
    lines = up._summary(running).splitlines()
    assert len({len(line) for line in lines}) == 1
    text = "\n".join(lines)
    assert "Ready after 2.3 s" in text
    assert "http://127.0.0.1:7003/docs" in text
    assert "--target 127.0.0.1:7001" in text
