"""Clients that note what they were told, and ask again until they were told something."""

import collections
import random
import threading
import time
from typing import NamedTuple

import grpc
from anomaly.v1.label_service_pb2 import LABEL_STATUS_APPLIED, LABEL_STATUS_DUPLICATE, Label
from anomaly.v1.scoring_service_pb2 import ScoreOutcome, ScoreResult
from anomaly.v1.transaction_pb2 import Transaction

from scoring_server.rpc.client import ScoringClient, reason_of
from tests.integration.scoring_server.messages import label, payment

WAIT_SECONDS_MAX = 120.0
_CLIENTS = 3
_BATCH_SIZE_MAX = 20
_PAUSE_S = 0.05
# Between the calls of a client: some hundred transactions a second together, which all parts keep
# up with.
_PACE_S = 0.06
_CALL_SECONDS_MAX = 5.0


class Told(NamedTuple):
    """What a client was told of a transaction."""

    sequence: int
    risk_score: float
    alert_id: str


class Load:
    """Clients with a connection each that send payments and labels, one call at a time.

    Attributes:
        told: by transaction id.
        labels: ids of the labels that were taken in.
        contradictions: transactions that were told two things.
        refusals: how often which status was answered.
    """

    def __init__(self, port: int, seed: int) -> None:
        self.told: dict[str, Told] = {}
        self.labels: set[str] = set()
        self.contradictions: list[str] = []
        self.refusals: collections.Counter[str] = collections.Counter()
        self._seed = seed
        self._target = f"127.0.0.1:{port}"
        self._sent = self._reported = self._idle = 0
        # Numbers of the transactions of which somebody was told.
        self._known: list[int] = []
        self._changed = threading.Condition()
        self._paused = self._closed = False
        self._fault: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name=f"load-{number}")
            for number in range(_CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def await_told(self, more: int) -> None:
        """Wait until clients were told of so many more transactions."""
        goal = len(self.told) + more
        self._await(f"{more} answers", lambda: len(self.told) >= goal)

    def await_refusal(self, code: str) -> None:
        """Wait until another call was refused with a status code."""
        goal = self.refusals[code] + 1
        self._await(code, lambda: self.refusals[code] >= goal)

    def pause(self) -> None:
        """Return once everybody was told something and nothing is under way."""
        self._set_paused(True)
        self._await("a pause", lambda: self._idle == _CLIENTS)

    def go_on(self) -> None:
        self._set_paused(False)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(WAIT_SECONDS_MAX)

    def _set_paused(self, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def _await(self, what: str, reached) -> None:
        with self._changed:
            done = self._changed.wait_for(lambda: reached() or self._fault, WAIT_SECONDS_MAX)
        if self._fault:
            raise self._fault
        assert done, f"{what} did not come; refused so far: {dict(self.refusals)}"

    def _run(self, number: int) -> None:
        drawn = random.Random(f"{self._seed}-{number}")
        try:
            with ScoringClient(self._target) as client:
                while self._may_go_on():
                    self._send(client, drawn)
                    if drawn.random() < 0.2:
                        self._report_label(client, drawn)
                    time.sleep(_PACE_S)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            with self._changed:
                self._fault = error
                self._changed.notify_all()

    def _may_go_on(self) -> bool:
        with self._changed:
            self._idle += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._paused or self._closed)
            self._idle -= 1
            return not self._closed

    def _send(self, client: ScoringClient, drawn: random.Random) -> None:
        size = drawn.randint(1, _BATCH_SIZE_MAX)
        with self._changed:
            numbers = [*range(self._sent, self._sent + size)]
            if self._sent and drawn.random() < 0.3:
                # May be one that another client has under way.
                numbers.append(drawn.randrange(self._sent))
            self._sent += size
        while numbers and not self._closed:
            batch = [_payment(number) for number in numbers]
            outcomes = self._until_answered(
                lambda sent=batch: client.score_batch(sent, timeout_s=_CALL_SECONDS_MAX)
            )
            numbers = self._note(numbers, batch, outcomes or [])

    def _note(
        self, numbers: list[int], batch: list[Transaction], outcomes: list[ScoreOutcome]
    ) -> list[int]:
        """Keep what was told; return what to ask again. There are no outcomes when all ends."""
        again = []
        with self._changed:
            for number, transaction, outcome in zip(
                numbers, batch, outcomes, strict=bool(outcomes)
            ):
                if outcome.HasField("error"):
                    # Another worker has it in hand; nothing was told.
                    assert reason_of(outcome.error) == "TRANSACTION_PENDING", outcome
                    self.refusals["TRANSACTION_PENDING"] += 1
                    again.append(number)
                else:
                    self._note_result(number, transaction.transaction_id, outcome.result)
            self._changed.notify_all()
        return again

    def _note_result(self, number: int, transaction_id: str, result: ScoreResult) -> None:
        assert result.transaction_id == transaction_id
        told = Told(result.sequence, result.risk_score, result.alert_id)
        before = self.told.get(transaction_id)
        if before is None:
            self.told[transaction_id] = told
            self._known.append(number)
        elif before != told:
            self.contradictions.append(transaction_id)

    def _report_label(self, client: ScoringClient, drawn: random.Random) -> None:
        with self._changed:
            if not self._known:
                return
            number = drawn.choice(self._known)
            label_id = f"label-{self._reported}"
            self._reported += 1
        value = drawn.randint(1, 3)
        message: Label = label(label_id, f"tx-{number}", value, after_s=drawn.randrange(9_000))
        outcomes = self._until_answered(
            lambda: client.report_labels([message], timeout_s=_CALL_SECONDS_MAX)
        )
        if outcomes is not None:
            assert outcomes[0].status in {LABEL_STATUS_APPLIED, LABEL_STATUS_DUPLICATE}, outcomes
            with self._changed:
                self.labels.add(label_id)

    def _until_answered(self, call):
        while not self._closed:
            try:
                return call()
            except grpc.RpcError as error:
                with self._changed:
                    self.refusals[error.code().name] += 1
                    self._changed.notify_all()
                time.sleep(_PAUSE_S)
        return None


def _payment(number: int) -> Transaction:
    # By its number alone, so that a repetition has the same content.
    drawn = random.Random(number)
    amount = 1_000 + drawn.randrange(300)
    if drawn.random() < 0.05:
        amount *= 500
    return payment(
        number,
        account_id=f"account-{drawn.randrange(200)}",
        terminal_id=f"terminal-{drawn.randrange(30)}",
        device_id=f"device-{drawn.randrange(100)}",
        amount_minor=amount,
    )
