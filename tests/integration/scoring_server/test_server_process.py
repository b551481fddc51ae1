"""The server as a process of its own: signals, sudden death, a standstill."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import pytest

from scoring_server.rpc.client import ScoringClient
from scoring_server.runtime_file import RUNTIME_FILE
from tests.integration.scoring_server.messages import label, payment

PROGRAM = """
import os
from scoring_server.app import serve
from scoring_server.config import load_config
raise SystemExit(serve(load_config(os.environ)))
"""
SMALL = {
    f"STATE_CAPACITY_{name}": "1024"
    for name in ("ACCOUNTS", "MERCHANTS", "DEVICES", "PEERS", "INSTRUMENTS", "REPLAY_IDS")
}


class Server:
    """A running process; its log is read so that its pipe never fills."""

    def __init__(self, data_dir: Path) -> None:
        environ = {
            **os.environ,
            **SMALL,
            "DATA_DIR": str(data_dir),
            "MODEL_DIR": str(data_dir / "no-models"),
            "GRPC_PORT": "0",
            "METRICS_PORT": "0",
            "LOG_FORMAT": "json",
            "STATE_CAPACITY_REPLAY_IDS": "20000",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environ, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[dict[str, object]] = []
        serving = threading.Event()

        def read() -> None:
            for line in self.process.stderr:
                self.lines.append(json.loads(line))
                if self.lines[-1]["event"] == "serving":
                    serving.set()
            serving.set()

        self._reader = threading.Thread(target=read, daemon=True)
        self._reader.start()
        assert serving.wait(120)
        assert self.process.poll() is None, self.lines
        ports = json.loads((data_dir / RUNTIME_FILE).read_text())
        assert ports["pid"] == self.process.pid
        self.target = f"127.0.0.1:{ports['grpc_port']}"

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(10)
        self.process.stderr.close()
        return code


@pytest.fixture
def serve(tmp_path):
    servers = []

    def started() -> Server:
        servers.append(Server(tmp_path / "data"))
        return servers[-1]

    yield started
    for server in servers:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it_cleanly(serve, tmp_path, number):
    server = serve()
    with ScoringClient(server.target) as client:
        client.score(payment(1))
    assert server.end(number) == 0
    assert [line["event"] for line in server.lines][-2:] == ["stopping", "stopped"]
    assert not (tmp_path / "data" / RUNTIME_FILE).exists()
    again = serve()
    assert "recovering" not in [line["event"] for line in again.lines]
    with ScoringClient(again.target) as client:
        assert client.score(payment(1)).replayed


class Caller:
    """Scores one payment after another until the server is gone, and keeps the answers."""

    def __init__(self, client: ScoringClient, first: int, answered: dict) -> None:
        self._client = client
        self._first = first
        self._answered = answered
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        number = self._first
        try:
            while True:
                result = self._client.score(payment(number), timeout_s=5)
                self._answered[result.sequence] = result
                number += 1
                if number == self._first + 200:
                    labels = [label(f"l{self._first}", f"tx-{self._first}")]
                    self._client.report_labels(labels)
                    self.enough.set()
        except grpc.RpcError:
            return


def kept_events(client: ScoringClient) -> dict:
    kept = {}
    for response in client.subscribe(timeout_s=30):
        kept |= {event.sequence: event for event in response.events}
        if len(kept) >= response.latest_sequence:
            break
    return kept


def test_killed_server_loses_nothing_that_it_answered(serve):
    answered = {}
    for first in (0, 100_000):
        server = serve()
        with ScoringClient(server.target) as client:
            # Resending is what a caller does that does not know if it was answered.
            for result in list(answered.values())[::50]:
                number = int(result.transaction_id.removeprefix("tx-"))
                assert client.score(payment(number)).replayed
            caller = Caller(client, first, answered)
            assert caller.enough.wait(60)
            assert server.end(signal.SIGKILL) == -signal.SIGKILL
            caller.thread.join(30)
    server = serve()
    with ScoringClient(server.target) as client:
        kept = kept_events(client)
    assert sorted(kept) == list(range(1, len(kept) + 1))
    for sequence, result in answered.items():
        assert kept[sequence].scored_transaction.result == result
    assert sum(event.HasField("label") for event in kept.values()) == 2


def test_deadline_that_passes_while_it_stands_still_changes_nothing(serve):
    server = serve()
    with ScoringClient(server.target) as client:
        client.score(payment(0))
        server.process.send_signal(signal.SIGSTOP)
        for number in range(1, 20):
            with pytest.raises(grpc.RpcError) as caught:
                client.score(payment(number), timeout_s=0.05)
            assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        with pytest.raises(grpc.RpcError):
            client.report_labels([label("l1", "tx-0")], timeout_s=0.05)
        server.process.send_signal(signal.SIGCONT)
        assert client.score(payment(100)).sequence == 2
        assert not client.score(payment(1)).replayed
