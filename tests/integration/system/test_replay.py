"""A replayed file is in the database as often as it was sent: once, even across a kill -9."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from pyarrow import parquet

from models.simulation.payments import simulate_payments
from tests.support.postgresql import fresh_database
from tests.support.product import Program, command, environment, product, run, running, wait_for

ROW_COUNT = 6_000


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traffic") / "payments.parquet"
    parquet.write_table(simulate_payments(ROW_COUNT, seed=7, day_count=30), path)
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gateway.sqlite'}"
        return
    with fresh_database(request.getfixturevalue("postgresql"), migrated=False) as url:
        yield url


def ids_in(database_url: str) -> list[str]:
    engine = sqlalchemy.create_engine(database_url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(sqlalchemy.text("SELECT transaction_id FROM transactions"))
            return sorted(rows.scalars())
    finally:
        engine.dispose()


def wait_for_ids(database_url: str, expected: list[str]) -> None:
    wait_for("all rows", lambda: len(ids_in(database_url)) >= len(expected), 60)
    assert ids_in(database_url) == expected


def expected_ids(traffic: Path, count: int = ROW_COUNT) -> list[str]:
    table = parquet.read_table(traffic)
    return sorted(table["transaction_id"].to_pylist()[:count])


def replay(environ: dict[str, str], target: str, *arguments: str) -> dict[str, object]:
    result = run(environ, "replay", *arguments, "--target", target, "--json")
    assert result.returncode == 0, result.stderr
    figures: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return figures


def test_count_in_is_count_in_the_database(
    tmp_path: Path, traffic: Path, database_url: str
) -> None:
    with product(tmp_path, DATABASE_URL=database_url) as started:
        environ = dict(started.program.environ)
        figures = replay(environ, started.target, str(traffic), "--labels-delay", "1")
        assert figures["scored"] == figures["transactions"] == ROW_COUNT
        assert figures["replayed"] == 0
        assert figures["labels_reported"] > 0
        assert sum(figures["decisions"].values()) == ROW_COUNT
        assert figures["metrics"]["auc_roc"] > 0.5
        wait_for_ids(database_url, expected_ids(traffic))

        again = replay(environ, started.target, str(traffic), "--limit", "500", "--batch")
        assert (again["scored"], again["replayed"]) == (500, 500)
        single = replay(
            environ, started.target, str(traffic), "--unary", "--offset", "500", "--limit", "50"
        )
        assert (single["scored"], single["replayed"]) == (50, 50)
        wait_for_ids(database_url, expected_ids(traffic))


def test_killed_server_loses_nothing_that_it_acknowledged(
    tmp_path: Path, traffic: Path, database_url: str
) -> None:
    environ = environment(tmp_path / "data", DATABASE_URL=database_url)
    with running(tmp_path, environ, "serve") as first:
        port = first.runtime("scoring_server.json")["grpc_port"]
        environ |= {"GRPC_PORT": str(port), "SCORING_TARGET": f"127.0.0.1:{port}"}
        with running(tmp_path, environ, "gateway") as gateway:
            gateway.runtime("gateway.json")
            sending = subprocess.Popen(
                command("replay", str(traffic), "--rate", "3000", "--json"),
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                wait_for("half of the rows", lambda: len(ids_in(database_url)) > ROW_COUNT // 3)
                assert sending.poll() is None, "the replay was over before the server was killed"
                first.process.send_signal(signal.SIGKILL)
                first.process.wait(30)
                (tmp_path / "data" / "scoring_server.json").unlink()
                with running(tmp_path, environ, "serve") as second:
                    second.runtime("scoring_server.json")
                    output, errors = sending.communicate(timeout=120)
                    assert sending.returncode == 0, errors
                    figures = json.loads(output.splitlines()[-1])
                    assert figures["scored"] == ROW_COUNT
                    wait_for_ids(database_url, expected_ids(traffic))
            finally:
                sending.kill()
                sending.communicate()


def test_stopped_replay_goes_on_where_it_was(tmp_path: Path, traffic: Path) -> None:
    with running(tmp_path, environment(tmp_path / "data"), "serve") as server:
        port = server.runtime("scoring_server.json")["grpc_port"]
        environ = dict(server.environ)
        arguments = ("replay", str(traffic), "--target", f"127.0.0.1:{port}", "--json")
        slow = Program((*arguments, "--rate", "1000"), environ, tmp_path / "replay.log")
        saved = tmp_path / "data" / "replay"
        wait_for("progress", lambda: any("0" in path.read_text() for path in saved.glob("*.json")))
        assert slow.stop(signal.SIGINT) == 130
        assert "--resume goes on" in slow.output()
        before = json.loads(slow.output().splitlines()[-1])
        assert 0 < before["scored"] < ROW_COUNT
        result = run(environ, *arguments, "--resume")
        assert result.returncode == 0, result.stderr
        after = json.loads(result.stdout)
        assert before["scored"] + after["scored"] == ROW_COUNT
        assert not list(saved.glob("*.json"))


def test_own_file_with_bad_rows_is_replayed_and_they_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("id,at,card,sum\na,2026-01-02,c1,1.00\nb,2026-01-03,c1,-1.00\n")
    mapping = tmp_path / "mapping.json"
    columns = {
        "transaction_id": "id",
        "event_time": "at",
        "account_id": "card",
        "amount_minor": "sum",
    }
    mapping.write_text(
        json.dumps({"columns": columns, "constants": {"currency": "EUR"}, "amount_unit": "major"})
    )
    with running(tmp_path, environment(tmp_path / "data"), "serve") as server:
        port = server.runtime("scoring_server.json")["grpc_port"]
        for mode in ("--stream", "--unary"):
            figures = replay(
                dict(server.environ),
                f"127.0.0.1:{port}",
                str(path),
                "--mapping",
                str(mapping),
                mode,
            )
            assert (figures["scored"], figures["refused"]) == (1, {"INVALID_ARGUMENT": 1})


def test_absent_server_is_given_up_with_a_message(tmp_path: Path, traffic: Path) -> None:
    environ = environment(tmp_path / "data")
    result = run(
        environ, "replay", str(traffic), "--target", "127.0.0.1:1", "--give-up-after", "0.3"
    )
    assert result.returncode == 1
    assert "127.0.0.1:1 could not be reached" in result.stderr.replace("\n", " ")
