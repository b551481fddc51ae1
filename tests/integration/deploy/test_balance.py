"""Two scoring servers behind HAProxy, and under a client that balances by itself."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from anomaly.v1 import (
    event_service_pb2,
    event_service_pb2_grpc,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
)
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.scoring_server.messages import payment
from tests.support.deployments import DEPLOY
from tests.support.ports import free_port
from tests.support.product import Program, environment, running, wait_for

ROOT = DEPLOY.parent
SERVICE_CONFIG = (ROOT / "examples/service_config.json").read_text()
ACCOUNTS = 40


def listens(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as tried:
        return tried.connect_ex((host, int(port))) == 0


class Server:
    """A scoring server that comes back at its address."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self.port = free_port()
        self.target = f"127.0.0.1:{self.port}"
        self._stack = contextlib.ExitStack()
        self.program: Program

    def start(self) -> None:
        environ = environment(self._folder / self._name, GRPC_PORT=str(self.port))
        runtime = self._folder / self._name / "scoring_server.json"
        runtime.unlink(missing_ok=True)
        logs = self._folder / f"{self._name}.logs"
        logs.mkdir(exist_ok=True)
        self.program = self._stack.enter_context(running(logs, environ, "serve"))
        self.program.runtime("scoring_server.json")

    def scored(self) -> int:
        """Return how many new transactions it has scored since its start."""
        port = self.program.runtime("scoring_server.json")["metrics_port"]
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "anomaly_transactions_total" and sample.labels == {
                    "outcome": "new"
                }:
                    return int(sample.value)
        return 0

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    pair = Server(tmp_path, "first"), Server(tmp_path, "second")
    try:
        for server in pair:
            server.start()
        yield pair
    finally:
        for server in pair:
            server.close()


@pytest.fixture
def balanced(servers: tuple[Server, Server], tmp_path: Path) -> Iterator[str]:
    """Run HAProxy with our file; yield where it listens."""
    program = shutil.which("haproxy")
    if program is None:
        pytest.skip("no haproxy on this machine")
    address = f"127.0.0.1:{free_port()}"
    environ = {
        "PATH": os.environ["PATH"],
        "BALANCE_ADDRESS": address,
        "SCORING_1": servers[0].target,
        "SCORING_2": servers[1].target,
    }
    with (tmp_path / "haproxy.log").open("wb") as log:
        proxy = subprocess.Popen(
            [program, "-db", "-f", DEPLOY / "haproxy/haproxy.cfg"],
            env=environ,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for("haproxy", lambda: listens(address))
        yield address
    finally:
        proxy.kill()
        proxy.wait()


@contextlib.contextmanager
def client(target: str) -> Iterator[Callable[[int], str]]:
    """Yield what scores a payment by its number, as examples/service_config.json says."""
    options = [("grpc.service_config", SERVICE_CONFIG), ("grpc.enable_retries", 1)]
    with grpc.insecure_channel(target, options) as channel:
        stub = scoring_service_pb2_grpc.ScoringServiceStub(channel)

        def score(number: int) -> str:
            transaction = payment(number, account_id=f"account-{number % ACCOUNTS}")
            request = scoring_service_pb2.ScoreRequest(transaction=transaction)
            account = (("x-account-id", transaction.payment.account_id),)
            answer = stub.Score(request, timeout=10, metadata=account, wait_for_ready=True)
            return str(answer.result.transaction_id)

        yield score


def accounts_of(server: Server) -> set[str]:
    """Return the accounts whose transactions a server has in its feed."""
    found: set[str] = set()
    with contextlib.closing(grpc.insecure_channel(server.target)) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        call = stub.Subscribe(event_service_pb2.SubscribeRequest(), timeout=10)
        count = 0
        while count < server.scored():
            response = next(call)
            for event in response.events:
                count += 1
                found.add(event.scored_transaction.transaction.payment.account_id)
        call.cancel()
    return found


def test_haproxy_keeps_each_account_at_one_server(
    servers: tuple[Server, Server], balanced: str
) -> None:
    with client(balanced) as score:
        for number in range(400):
            assert score(number) == f"tx-{number}"
    counts = [server.scored() for server in servers]
    assert sum(counts) == 400
    first, second = (accounts_of(server) for server in servers)
    assert first
    assert second
    assert not first & second
    assert len(first | second) == ACCOUNTS


def under_load(target: str, work: Callable[[Callable[[], int]], None]) -> list[str]:
    """Score payments in two threads while `work` goes on; return what failed."""
    stopping = threading.Event()
    failed: list[str] = []
    answered: list[int] = []

    def send(first: int) -> None:
        with client(target) as score:
            number = first
            while not stopping.is_set():
                try:
                    score(number)
                    answered.append(number)
                except grpc.RpcError as error:
                    failed.append(f"{number}: {error.code()} {error.details()}")
                number += 2

    senders = [threading.Thread(target=send, args=(each,)) for each in range(2)]
    for sender in senders:
        sender.start()
    try:
        work(lambda: len(answered))
    finally:
        stopping.set()
        for sender in senders:
            sender.join()
    assert answered
    return failed


@pytest.mark.slow
@pytest.mark.parametrize("way", ["haproxy", "round_robin"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_servers_are_replaced_one_by_one_and_no_call_fails(
    servers: tuple[Server, Server],
    request: pytest.FixtureRequest,
    way: str,
    number: signal.Signals,
) -> None:
    if way == "haproxy":
        target = request.getfixturevalue("balanced")
    else:
        target = "ipv4:" + ",".join(server.target for server in servers)

    def replace(answered: Callable[[], int]) -> None:
        def more() -> None:
            seen = answered()
            wait_for("answers", lambda: answered() > seen + 100)

        for server in servers:
            more()
            server.program.stop(number)
            more()
            server.start()
            wait_for("calls to what came back", lambda each=server: each.scored() > 20)

    assert under_load(target, replace) == []


def test_example_is_json_and_names_the_methods_that_may_be_repeated() -> None:
    config = json.loads(SERVICE_CONFIG)
    assert config["loadBalancingConfig"] == [{"round_robin": {}}]
    names = [each["method"] for each in config["methodConfig"][0]["name"]]
    assert names == ["Score", "ScoreBatch"]
