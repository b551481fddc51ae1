"""A server with several workers, and callers that note what they were told."""

import json
import os
import random
import signal
import threading
import urllib.request

import grpc
from anomaly.v1.event_service_pb2 import Event

from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import fold
from scoring_server.journal.journal import KIND_TRANSACTION
from scoring_server.journal.reader import JournalReader
from scoring_server.rpc.client import ScoringClient, reason_of
from scoring_server.runtime_file import RUNTIME_FILE, worker_runtime_file
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.integration.scoring_server.messages import payment
from tests.support.product import Program, environment, wait_for
from tests.support.state_tables import by_key, knows_all

CAPACITIES = StateCapacities(1_024, 1_024, 1_024, 1_024, 1_024, 100_000)
WAIT_S = 60
# A server that stops cancels what it has not begun.
RETRIED = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
}


class Crew:
    """A server with several workers, and what a client of it does."""

    def __init__(self, folder, workers=2, **extra):
        capacities = {
            f"STATE_CAPACITY_{name.upper()}": str(getattr(CAPACITIES, name))
            for name in CAPACITIES.__dataclass_fields__
        }
        self.data_dir = folder / "data"
        environ = {"MODEL_DIR": str(folder / "no-models"), **extra}
        environ = environment(
            self.data_dir,
            SCORING_WORKERS=str(workers),
            LOG_FORMAT="json",
            **{**capacities, **environ},
        )
        self.program = Program(("serve",), environ, folder / "serve.log")
        ports = wait_for("the server", self.ports)
        self.target = f"127.0.0.1:{ports['grpc_port']}"
        self._metrics = f"http://127.0.0.1:{ports['metrics_port']}/metrics"

    def ports(self, name=RUNTIME_FILE, parent=None):
        assert self.program.process.poll() is None, self.program.output()[-3_000:]
        try:
            found = json.loads((self.data_dir / name).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return found if parent or found["pid"] == self.program.process.pid else None

    def worker_pid(self, index):
        found = self.ports(worker_runtime_file(index), parent=True)
        return found and found["pid"]

    def kill_worker(self, index):
        """Kill it, and wait until another has its place."""
        before = wait_for("a worker", lambda: self.worker_pid(index))
        os.kill(before, signal.SIGKILL)
        wait_for("a replacement", lambda: self.worker_pid(index) not in {None, before})

    def figures(self, name):
        """Return the samples of a metric by its labels as they are written."""
        with urllib.request.urlopen(self._metrics) as answer:  # noqa: S310 - its own address
            lines = answer.read().decode().splitlines()
        found = [line.removeprefix(name) for line in lines if line.startswith(name + "{")]
        return {labels: float(value) for labels, value in (line.rsplit(" ", 1) for line in found)}

    def new_by_worker(self, workers=2):
        found = self.figures("anomaly_transactions_total")
        return [found[f'{{outcome="new",worker="{each}"}}'] for each in range(workers)]

    def stop(self, number=signal.SIGTERM):
        self.program.process.send_signal(number)
        return self.program.process.wait(WAIT_S)

    def events(self):
        """Return all events as a reader of the files finds them; (kind, event) in order."""
        reader = JournalReader(self.data_dir / "journal")
        try:
            records = reader.read(0, 1_000_000)
        finally:
            reader.close()
        return [(record.kind, Event.FromString(record.payload)) for record in records]

    def check_state_is_the_fold_of_all_events(self):
        """To be called when nothing runs; slots depend on who came first, so by key."""
        reader = JournalReader(self.data_dir / "journal")
        anew = open_state(None, CAPACITIES)
        fold(Engine(anew, None), reader, 0, reader.last_sequence)
        records = [each for each in reader.read(0, 1_000_000) if each.kind == KIND_TRANSACTION]
        reader.close()
        served = open_state(self.data_dir / "state", CAPACITIES)
        assert served.was_clean
        for found, expected in zip(served.tables[1:-1], anew.tables[1:-1], strict=True):
            assert by_key(found) == by_key(expected)
        assert knows_all(served, records)
        served.mark_clean()
        served.close()


def numbered(number):
    """A payment that is the same whenever its number is sent."""
    return payment(number, account_id=f"account-{number % 100}", after_s=number % 97)


def until_answered(ask, stop=None):
    """Call again and again while nobody answers; a caller that does not know does so."""
    stop = stop or threading.Event()
    while not stop.wait(0.01):
        try:
            return ask()
        except grpc.RpcError as error:
            if error.code() not in RETRIED:
                raise
    return None


class Callers:
    """Clients with a connection each that score payments and repeat some, until told to stop."""

    def __init__(self, target, count, seed):
        self.told = {}
        self.contradictions = []
        self._stop = threading.Event()
        self._target = target
        self._errors = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(seed * 1_000 + each,)) for each in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def await_more(self, count):
        goal = len(self.told) + count
        wait_for(f"{count} answers", lambda: len(self.told) >= goal or self._errors)
        assert not self._errors, self._errors

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(WAIT_S)

    def stop(self):
        self.end()
        assert not self._errors, self._errors

    def _run(self, seed):
        drawn = random.Random(seed)
        number = seed * 100_000
        try:
            with ScoringClient(self._target) as client:
                while not self._stop.is_set():
                    number += 1
                    again = drawn.random() < 0.2
                    # Some ids go to several workers at once.
                    which = drawn.randrange(300) if again else number
                    batch = [
                        payment(which, account_id=f"account-{which % 100}", after_s=which % 97)
                    ]
                    outcomes = until_answered(
                        lambda b=batch: client.score_batch(b, timeout_s=5), self._stop
                    )
                    if outcomes is not None:
                        self._note(which, outcomes[0])
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            self._errors.append(error)

    def _note(self, number, outcome):
        if outcome.HasField("error"):
            # Another worker has it in hand; nothing was told.
            assert reason_of(outcome.error) == "TRANSACTION_PENDING"
            return
        result = outcome.result
        told = (result.sequence, result.risk_score)
        with self._lock:
            if self.told.setdefault(f"tx-{number}", told) != told:
                self.contradictions.append(number)


def check_nothing_lost_or_doubled(crew, callers):
    assert not callers.contradictions
    events = [event for kind, event in crew.events() if kind == KIND_TRANSACTION]
    results = [event.scored_transaction.result for event in events]
    kept = {result.transaction_id: (result.sequence, result.risk_score) for result in results}
    assert len(kept) == len(results), "no transaction has two events"
    assert [result.sequence for result in results] == sorted(r.sequence for r in results)
    assert callers.told.items() <= kept.items()
