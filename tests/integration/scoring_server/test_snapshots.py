"""Snapshots made by a serving process, and a server that comes back from one."""

import json
import os
import shutil
import signal
import subprocess
import sys

import grpc
import pytest
from anomaly.v1 import event_service_pb2, event_service_pb2_grpc

from scoring_server.config import load_config
from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import recover
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.rpc.client import ScoringClient
from scoring_server.runtime_file import RUNTIME_FILE
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.integration.scoring_server.messages import payment

CAPACITIES = StateCapacities(1_024, 1_024, 1_024, 1_024, 1_024, 20_000)
ENVIRON = {
    f"STATE_CAPACITY_{name.upper()}": str(getattr(CAPACITIES, name))
    for name in CAPACITIES.__dataclass_fields__
}


class Server:
    """`anomaly serve` as a process; `lines` gives its log as it comes."""

    def __init__(self, data_dir, **settings):
        environ = os.environ | ENVIRON | settings
        environ |= {
            "DATA_DIR": str(data_dir),
            "MODEL_DIR": str(data_dir / "no-models"),
            "GRPC_PORT": "0",
            "METRICS_PORT": "0",
            "LOG_FORMAT": "json",
        }
        command = [sys.executable, "-m", "scoring_server.cli", "serve"]
        self.process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        self.log = []
        self.line("serving")
        ports = json.loads((data_dir / RUNTIME_FILE).read_text())
        self.target = f"127.0.0.1:{ports['grpc_port']}"

    def line(self, event):
        """Read the log up to the next line of an event."""
        for text in self.process.stderr:
            self.log.append(json.loads(text))
            if self.log[-1]["event"] == event:
                return self.log[-1]
        raise AssertionError(self.log)

    def end(self, number):
        self.process.send_signal(number)
        self.process.stderr.read()
        self.process.stderr.close()
        return self.process.wait(30)


@pytest.fixture
def serve(tmp_path):
    servers = []

    def started(**settings):
        servers.append(Server(tmp_path / "data", **settings))
        return servers[-1]

    yield started
    for server in servers:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)


def _tables(directory):
    state = open_state(directory, CAPACITIES)
    try:
        return [table.tobytes() for table in state.tables[1:]], state.sequence
    finally:
        state.close()


def _folded_anew(data_dir, folder):
    """The state as the whole journal gives it, by the slow way."""
    journal = EmbeddedJournal(data_dir / "journal")
    engine = Engine(open_state(folder, CAPACITIES), None)
    recover(engine, journal)
    journal.close()
    engine.state.close()
    return _tables(folder)


def test_killed_server_comes_back_from_its_snapshot_with_the_same_state(serve, tmp_path):
    server = serve(SNAPSHOT_INTERVAL_S="1")
    with ScoringClient(server.target) as client:
        for number in range(300):
            client.score(payment(number))
        made = server.line("snapshot_made")["sequence"]
        for number in range(300, 340):
            client.score(payment(number))
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    # A power cut leaves nothing of the mapped pages that one could rely on.
    shutil.rmtree(tmp_path / "data" / "state")
    again = serve(SNAPSHOT_INTERVAL_S="0")
    recovered = next(line for line in again.log if line["event"] == "recovered")
    assert recovered["events"] <= 340 - made
    assert recovered["sequence"] == 340
    with ScoringClient(again.target) as client:
        assert client.score(payment(339)).replayed
        assert client.score(payment(340)).sequence == 341
    assert again.end(signal.SIGTERM) == 0
    live = _tables(tmp_path / "data" / "state")
    assert live == _folded_anew(tmp_path / "data", tmp_path / "anew")


def test_snapshot_by_hand_beside_a_serving_server(serve, tmp_path):
    server = serve(SNAPSHOT_INTERVAL_S="0")
    command = [sys.executable, "-m", "scoring_server.cli", "snapshot", "--json"]
    environ = os.environ | ENVIRON | {"DATA_DIR": str(tmp_path / "data")}
    sequences = []
    with ScoringClient(server.target) as client:
        for start in (0, 50):
            for number in range(start, start + 50):
                client.score(payment(number))
            output = subprocess.run(command, env=environ, check=True, capture_output=True)
            sequences.append(json.loads(output.stdout)["sequence"])
    assert sequences == [50, 100]


def test_snapshot_without_a_journal_says_so(tmp_path):
    command = [sys.executable, "-m", "scoring_server.cli", "snapshot"]
    environ = os.environ | {"DATA_DIR": str(tmp_path)}
    output = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    assert output.returncode == 1
    assert output.stderr.splitlines()[-1].startswith("Error: ")
    assert "must hold a journal" in output.stderr
    assert load_config({"DATA_DIR": str(tmp_path)}).snapshot_interval_s == 600


def test_old_files_go_once_snapshots_and_subscribers_have_what_was_in_them(serve, tmp_path):
    folder = tmp_path / "data" / "journal" / "worker-0"
    server = serve(
        SNAPSHOT_INTERVAL_S="1",
        JOURNAL_SIZE_BYTES_MAX="1",
        JOURNAL_SEGMENT_EVENTS_MAX="1000",
        STATE_CAPACITY_REPLAY_IDS="64",
    )
    with ScoringClient(server.target) as client:
        for first in range(0, 2_500, 500):
            client.score_batch([payment(number) for number in range(first, first + 500)])
        server.line("snapshot_made")
        client.score(payment(2_500))
        server.line("snapshot_made")
        client.score(payment(2_501))
        server.line("snapshot_made")
        # Nobody has confirmed anything.
        assert len(list(folder.glob("segment-*.sqlite"))) == 3
        journal_id = next(iter(client.subscribe(timeout_s=10))).journal_id
        event_service_pb2_grpc.EventServiceStub(client.channel).ConfirmPosition(
            event_service_pb2.ConfirmPositionRequest(
                subscriber="gateway", journal_id=journal_id, sequence=2_400
            )
        )
        client.score(payment(2_502))
        first = server.line("journal_tidied")["first_sequence"]
        assert first == 2_001
        assert client.score(payment(2_502)).replayed
        with pytest.raises(grpc.RpcError) as caught:
            next(iter(client.subscribe(0, journal_id=journal_id, timeout_s=10)))
        assert caught.value.code() is grpc.StatusCode.OUT_OF_RANGE
        assert next(iter(client.subscribe(2_400, timeout_s=10))).events[0].sequence == 2_401
    server.end(signal.SIGKILL)
    shutil.rmtree(tmp_path / "data" / "state")
    again = serve(SNAPSHOT_INTERVAL_S="0", STATE_CAPACITY_REPLAY_IDS="64")
    recovered = next(line for line in again.log if line["event"] == "recovered")
    assert recovered["sequence"] == 2_503
