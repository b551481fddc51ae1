"""ScoringService: single transactions, batches and streams of batches through one path."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from anomaly.v1 import scoring_service_pb2
from anomaly.v1.transaction_pb2 import Transaction
from numpy.typing import NDArray

from scoring_server.engine.engine import Assessment
from scoring_server.engine.scorer import Outcome, Scorer
from scoring_server.errors import (
    ConflictError,
    DeadlineExceededError,
    FieldViolation,
    InvalidArgumentError,
    ScoringError,
)
from scoring_server.rpc import wire
from scoring_server.rpc.converters import (
    TransactionConverter,
    content_of,
    result_of_event,
    score_result,
    scored_event,
)
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.scoring_counters import ScoringCounters
from scoring_server.rpc.status import status_of
from scoring_server.rpc.transport import Call, Method, Pool, StreamMethod, UnaryMethod
from scoring_server.rpc.validation import (
    TRANSACTIONS_MAX,
    check_size,
    check_transaction,
    invalid,
)
from scoring_server.telemetry.metrics import Metrics

SERVICE = "anomaly.v1.ScoringService"

_RESULT = wire.tag(1)
_OUTCOMES = wire.tag(1)
_OUTCOME_RESULT = wire.tag(1)
_OUTCOME_ERROR = wire.tag(2)


class ScoringService:
    """Answers ScoringService.

    Args:
        model_time_s_min: a call with less time left is scored without the model.
    """

    def __init__(
        self,
        scorer: Scorer,
        converter: TransactionConverter,
        metrics: Metrics,
        *,
        model_time_s_min: float,
    ) -> None:
        self._scorer = scorer
        self._converter = converter
        self._metrics = metrics
        self._model_time_s_min = model_time_s_min
        self._alert_threshold = scorer.engine.settings.alert_threshold
        self._count = ScoringCounters(metrics)
        # The scorer takes one block at a time. Waiting for it here lets a call find out that its
        # deadline passed in the queue, before anything is changed for it.
        self._turn = threading.Lock()

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        return [
            UnaryMethod(SERVICE, "Score", Pool.SCORING, self.score, self.score_block),
            UnaryMethod(SERVICE, "ScoreBatch", Pool.SCORING, self.score_batch),
            StreamMethod(SERVICE, "ScoreStream", Pool.SCORE_STREAMS, self.score_stream),
        ]

    def score(self, request: bytes, call: Call) -> bytes:
        """Score one transaction."""
        (answer,) = self.score_block([request], [call])
        if isinstance(answer, ScoringError):
            raise answer
        return answer

    def score_block(
        self, requests: Sequence[bytes], calls: Sequence[Call]
    ) -> list[bytes | ScoringError]:
        """Score the transactions of calls that wait together, each as if it were alone."""
        answers: list[bytes | ScoringError] = []
        transactions: list[Transaction] = []
        places: list[int] = []
        for place, request in enumerate(requests):
            try:
                transactions.append(self._checked(request))
            except InvalidArgumentError as error:
                answers.append(error)
            else:
                answers.append(b"")
                places.append(place)
        contents = [content_of(transaction) for transaction in transactions]
        rows = self._converter.rows(transactions, contents)
        with self._turn:
            for with_model, run in self._runs(places, calls, answers):
                given = [transactions[position] for position in run]
                bodies = [contents[position] for position in run]
                # The usual case, one run of all, needs no copy.
                block = rows if len(run) == len(rows) else rows[run]
                results = self._scored(given, bodies, block, with_model=with_model)
                for position, result in zip(run, results, strict=True):
                    answers[places[position]] = (
                        result if isinstance(result, ScoringError) else wire.field(_RESULT, result)
                    )
        return answers

    def score_batch(self, request: bytes, call: Call) -> bytes:
        """Score a batch; each transaction gets its own result or error."""
        message = parse(scoring_service_pb2.ScoreBatchRequest, request)
        return self._outcomes(message.transactions, call)

    def score_stream(self, requests: Iterator[bytes], call: Call) -> Iterator[bytes]:
        """Score batch after batch; each request message is answered before the next is read."""
        for request in requests:
            if not call.is_active():
                return
            message = parse(scoring_service_pb2.ScoreStreamRequest, request)
            yield self._outcomes(message.transactions, call)

    def _outcomes(self, transactions: Sequence[Transaction], call: Call) -> bytes:
        check_size("transactions", transactions, TRANSACTIONS_MAX)
        answers: list[bytes | ScoringError] = []
        good: list[Transaction] = []
        places: list[int] = []
        for index, transaction in enumerate(transactions):
            # The error of one transaction is what Score would have said, so its paths are Score's.
            violations = check_transaction(transaction)
            if violations:
                answers.append(invalid(violations))
            else:
                answers.append(b"")
                good.append(transaction)
                places.append(index)
        self._count.invalid(len(transactions) - len(good))
        if good:
            contents = [content_of(transaction) for transaction in good]
            rows = self._converter.rows(good, contents)
            with self._turn:
                with_model = self._has_time_for_model(call)
                results = self._scored(good, contents, rows, with_model=with_model)
            for place, result in zip(places, results, strict=True):
                answers[place] = result
        return b"".join(wire.field(_OUTCOMES, _outcome(answer)) for answer in answers)

    def _checked(self, request: bytes) -> Transaction:
        message = parse(scoring_service_pb2.ScoreRequest, request)
        if not message.HasField("transaction"):
            raise invalid([FieldViolation("transaction", "must be given")])
        transaction = message.transaction
        violations = check_transaction(transaction)
        if violations:
            self._count.invalid(1)
            raise invalid(violations)
        return transaction

    def _runs(
        self, places: Sequence[int], calls: Sequence[Call], answers: list[bytes | ScoringError]
    ) -> list[tuple[bool, list[int]]]:
        """Return the positions to score, in order, as runs that have time for the model or not.

        A call whose deadline has passed gets its error instead.
        """
        runs: list[tuple[bool, list[int]]] = []
        for position, place in enumerate(places):
            try:
                with_model = self._has_time_for_model(calls[place])
            except DeadlineExceededError as error:
                answers[place] = error
                continue
            if runs and runs[-1][0] is with_model:
                runs[-1][1].append(position)
            else:
                runs.append((with_model, [position]))
        return runs

    def _has_time_for_model(self, call: Call) -> bool:
        remaining_s = call.time_remaining_s()
        if (remaining_s is not None and remaining_s <= 0) or not call.is_active():
            raise DeadlineExceededError(
                "the deadline passed before the transactions were scored; nothing was changed",
                reason="DEADLINE_EXCEEDED",
            )
        return remaining_s is None or remaining_s >= self._model_time_s_min

    def _scored(
        self,
        transactions: Sequence[Transaction],
        contents: Sequence[bytes],
        rows: NDArray[Any],
        *,
        with_model: bool,
    ) -> list[bytes | ScoringError]:
        """Return a serialised ScoreResult or the error of each checked transaction.

        Called by who has the turn.
        """
        block = _Block(transactions, contents, self._alert_threshold)
        outcomes = self._scorer.score(rows, block.encode, with_model=with_model)
        if block.assessment is not None:
            self._count.assessed(block.assessment, self._alert_threshold)
        return [
            self._answer(outcome, transaction, result)
            for outcome, transaction, result in zip(
                outcomes, transactions, block.results, strict=True
            )
        ]

    def _answer(
        self, outcome: Outcome, transaction: Transaction, result: bytes
    ) -> bytes | ScoringError:
        if outcome.status == "NEW":
            return result
        if outcome.status == "REPLAYED":
            self._count.replayed()
            first = result_of_event(outcome.payload)
            first.replayed = True
            return first.SerializeToString()
        self._count.conflict()
        return ConflictError(
            "transaction_id must not be used again with other content, was first used by event "
            f"{outcome.sequence}",
            reason="TRANSACTION_ID_REUSED",
            metadata={
                "transaction_id": transaction.transaction_id,
                "sequence": str(outcome.sequence),
            },
        )


class _Block:
    """Makes the events of a block's new transactions, and keeps their results for the answers."""

    __slots__ = ("_alert_threshold", "_contents", "_transactions", "assessment", "results")

    def __init__(
        self,
        transactions: Sequence[Transaction],
        contents: Sequence[bytes],
        alert_threshold: float,
    ) -> None:
        self._transactions = transactions
        self._contents = contents
        self._alert_threshold = alert_threshold
        self.results = [b""] * len(transactions)
        self.assessment: Assessment | None = None

    def encode(
        self, position: int, assessment: Assessment, row: int, sequence: int, ingest_time_ns: int
    ) -> bytes:
        """Return the event of one transaction; called by the scorer."""
        self.assessment = assessment
        result = score_result(
            self._transactions[position].transaction_id,
            assessment,
            row,
            sequence=sequence,
            ingest_time_ns=ingest_time_ns,
            alert_threshold=self._alert_threshold,
        ).SerializeToString()
        self.results[position] = result
        return scored_event(
            self._contents[position], result, sequence=sequence, ingest_time_ns=ingest_time_ns
        )


def _outcome(answer: bytes | ScoringError) -> bytes:
    """Return the bytes of a ScoreOutcome."""
    if isinstance(answer, ScoringError):
        return wire.field(_OUTCOME_ERROR, status_of(answer).SerializeToString())
    return wire.field(_OUTCOME_RESULT, answer)
