"""Clients that note what they were told, and ask again until they were told something."""

import collections
import random
import threading
import time
from typing import NamedTuple

import grpc
from anomaly.v1.label_service_pb2 import LABEL_STATUS_APPLIED, LABEL_STATUS_DUPLICATE
from anomaly.v1.scoring_service_pb2 import ScoreResult
from anomaly.v1.transaction_pb2 import Transaction

from scoring_server.rpc.client import ScoringClient
from tests.integration.scoring_server.messages import label, payment

WAIT_SECONDS_MAX = 120.0
_BATCH_SIZE_MAX = 20
_PAUSE_S = 0.05
# Between calls: some hundred transactions a second, which all parts keep up with.
_PACE_S = 0.02
_CALL_SECONDS_MAX = 5.0


class Told(NamedTuple):
    """What a client was told of a transaction."""

    sequence: int
    risk_score: float
    alert_id: str


class Load:
    """Sends payments and labels, one call at a time, until it is closed.

    Attributes:
        told: by transaction id.
        labels: ids of the labels that were taken in.
        contradictions: transactions that were told two things.
    """

    def __init__(self, port: int, seed: int) -> None:
        self.told: dict[str, Told] = {}
        self.labels: set[str] = set()
        self.contradictions: list[str] = []
        self.refusals: collections.Counter[str] = collections.Counter()
        self._random = random.Random(seed)
        self._number = 0
        self._changed = threading.Condition()
        self._paused = self._idle = self._closed = False
        self._target = f"127.0.0.1:{port}"
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load")
        self._thread.start()

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
        self._await("a pause", lambda: self._idle)

    def go_on(self) -> None:
        self._set_paused(False)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(WAIT_SECONDS_MAX)

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

    def _run(self) -> None:
        try:
            with ScoringClient(self._target) as client:
                while not self._closed:
                    self._wait_while_paused()
                    self._send(client)
                    time.sleep(_PACE_S)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            with self._changed:
                self._fault = error
                self._changed.notify_all()

    def _wait_while_paused(self) -> None:
        with self._changed:
            self._idle = self._paused
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._paused or self._closed)
            self._idle = False

    def _send(self, client: ScoringClient) -> None:
        size = self._random.randint(1, _BATCH_SIZE_MAX)
        batch = [self._payment(self._number + place) for place in range(size)]
        if self._number and self._random.random() < 0.3:
            batch.append(self._payment(self._random.randrange(self._number)))
        self._number += size
        answered = self._until_answered(
            lambda: client.score_batch(batch, timeout_s=_CALL_SECONDS_MAX)
        )
        if answered is None:
            return
        with self._changed:
            for transaction, outcome in zip(batch, answered, strict=True):
                self._note(transaction.transaction_id, outcome.result)
            self._changed.notify_all()
        if self._random.random() < 0.2:
            self._report_label(client)

    def _payment(self, number: int) -> Transaction:
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

    def _note(self, transaction_id: str, result: ScoreResult) -> None:
        assert result.transaction_id == transaction_id
        told = Told(result.sequence, result.risk_score, result.alert_id)
        if self.told.setdefault(transaction_id, told) != told:
            self.contradictions.append(transaction_id)

    def _report_label(self, client: ScoringClient) -> None:
        number = self._random.randrange(self._number)
        label_id = f"label-{len(self.labels)}"
        value = self._random.randint(1, 3)
        message = label(label_id, f"tx-{number}", value, after_s=self._random.randrange(9_000))
        outcomes = self._until_answered(
            lambda: client.report_labels([message], timeout_s=_CALL_SECONDS_MAX)
        )
        if outcomes is not None:
            assert outcomes[0].status in {LABEL_STATUS_APPLIED, LABEL_STATUS_DUPLICATE}, outcomes
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
