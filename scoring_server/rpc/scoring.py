"""ScoringService: single transactions, batches and streams of batches through one path."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from anomaly.v1 import scoring_service_pb2
from anomaly.v1.transaction_pb2 import Transaction
from numpy.typing import NDArray

from scoring_server.engine.assessment import Assessment
from scoring_server.engine.comparison import Comparison
from scoring_server.engine.scorer import Outcome, Scorer
from scoring_server.errors import (
    ConflictError,
    DeadlineExceededError,
    FieldViolation,
    InvalidArgumentError,
    ScoringError,
    UnavailableError,
)
from scoring_server.rpc import wire
from scoring_server.rpc.block_codec import EventWriter, RequestReader, Requests
from scoring_server.rpc.converters import TransactionConverter, content_of, result_of_event
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

_Batch = TypeVar(
    "_Batch", scoring_service_pb2.ScoreBatchRequest, scoring_service_pb2.ScoreStreamRequest
)

_RESULT = wire.tag(1)
_OUTCOMES = wire.tag(1)
_OUTCOME_ERROR = wire.tag(2)


class ScoringService:
    """Answers ScoringService.

    Args:
        model_time_s_min: a call with less time left than this, or than the model lately took, is
            scored without it.
        comparison: is offered what was answered; None offers it nobody.
    """

    def __init__(
        self,
        scorer: Scorer,
        converter: TransactionConverter,
        metrics: Metrics,
        *,
        model_time_s_min: float,
        comparison: Comparison | None = None,
    ) -> None:
        self._scorer = scorer
        self._converter = converter
        self._metrics = metrics
        self._model_time_s_min = model_time_s_min
        self._comparison = comparison
        self._alert_threshold = scorer.engine.settings.alert_threshold
        self._reader = RequestReader(converter.reporting_limits)
        self._writer = EventWriter(self._alert_threshold)
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
        answers: list[bytes | ScoringError] = [b""] * len(requests)
        read = self._reader.read_single(requests)
        places: Sequence[int] = range(len(requests))
        if not read.all_good:
            read = self._read_slowly(read, lambda place: self._checked(requests[place]), answers)
            places = np.flatnonzero(read.good).tolist()
        with self._turn:
            for with_model, run in self._runs(places, calls, answers):
                for part in self._by_model(read, run):
                    self._score(read, part, answers, with_model=with_model)
        return answers

    def score_batch(self, request: bytes, call: Call) -> bytes:
        """Score a batch; each transaction gets its own result or error."""
        return self._outcomes(request, scoring_service_pb2.ScoreBatchRequest, call)

    def score_stream(self, requests: Iterator[bytes], call: Call) -> Iterator[bytes]:
        """Score batch after batch; each request message is answered before the next is read."""
        for request in requests:
            if not call.is_active():
                return
            yield self._outcomes(request, scoring_service_pb2.ScoreStreamRequest, call)

    def _outcomes(self, request: bytes, kind: type[_Batch], call: Call) -> bytes:
        read = self._reader.read_batch(request)
        if read is not None and read.all_good:
            answers: list[bytes | ScoringError] = [b""] * len(read.rows)
        else:
            # A fault in the encoding of one transaction is one of the whole message.
            transactions = parse(kind, request).transactions
            check_size("transactions", transactions, TRANSACTIONS_MAX)
            answers = [b""] * len(transactions)
            read = self._read_slowly(
                read or self._reader.unread(len(transactions)),
                lambda place: self._good(transactions[place]),
                answers,
            )
        positions = range(len(answers)) if read.all_good else np.flatnonzero(read.good).tolist()
        if positions:
            with self._turn:
                with_model = self._has_time_for_model(call)
                for part in self._by_model(read, positions):
                    self._score(read, part, answers, with_model=with_model)
        return b"".join([wire.field(_OUTCOMES, _outcome(answer)) for answer in answers])

    def _read_slowly(
        self,
        read: Requests,
        transaction_at: Callable[[int], Transaction],
        answers: list[bytes | ScoringError],
    ) -> Requests:
        """Read through the library what the kernel did not; what is invalid gets its error."""
        slow = {}
        for place in np.flatnonzero(~read.good).tolist():
            try:
                transaction = transaction_at(place)
            except InvalidArgumentError as error:
                answers[place] = error
            else:
                content = content_of(transaction)
                slow[place] = content, self._converter.rows([transaction], [content])[0]
        return read.with_slow(slow)

    def _checked(self, request: bytes) -> Transaction:
        message = parse(scoring_service_pb2.ScoreRequest, request)
        if not message.HasField("transaction"):
            raise invalid([FieldViolation("transaction", "must be given")])
        return self._good(message.transaction)

    def _good(self, transaction: Transaction) -> Transaction:
        # The error of one transaction of a batch is what Score would have said.
        violations = check_transaction(transaction)
        if violations:
            self._count.invalid(1)
            raise invalid(violations)
        return transaction

    def _runs(
        self, places: Sequence[int], calls: Sequence[Call], answers: list[bytes | ScoringError]
    ) -> Sequence[tuple[bool, Sequence[int]]]:
        """Return the places to score, in order, as runs that have time for the model or not.

        A call whose deadline has passed gets its error instead.
        """
        remaining_s = [call.time_remaining_s() for call in calls]
        if all(each is None for each in remaining_s) and all(call.is_active() for call in calls):
            return [(True, places)] if places else []
        runs: list[tuple[bool, list[int]]] = []
        for place in places:
            try:
                with_model = self._has_time_for_model(calls[place])
            except DeadlineExceededError as error:
                answers[place] = error
                continue
            if runs and runs[-1][0] is with_model:
                runs[-1][1].append(place)
            else:
                runs.append((with_model, [place]))
        return runs

    def _by_model(self, read: Requests, positions: Sequence[int]) -> list[Sequence[int]]:
        """Return the places, in order, as runs that one model scores; all while there is one."""
        models = self._scorer.engine.models
        lineup = None if models is None else models.lineup
        if lineup is None or lineup.canary is None or not positions:
            return [positions]
        canary = lineup.for_canary(read.rows[positions])
        assert canary is not None
        cuts = np.flatnonzero(canary[1:] != canary[:-1]) + 1
        return [part.tolist() for part in np.split(np.array(positions), cuts)]

    def _has_time_for_model(self, call: Call) -> bool:
        remaining_s = call.time_remaining_s()
        if (remaining_s is not None and remaining_s <= 0) or not call.is_active():
            raise DeadlineExceededError(
                "the deadline passed before the transactions were scored; nothing was changed",
                reason="DEADLINE_EXCEEDED",
            )
        if remaining_s is None:
            return True
        expected_s = self._scorer.engine.model_time.expected_s
        return remaining_s >= max(self._model_time_s_min, expected_s)

    def _score(
        self,
        read: Requests,
        positions: Sequence[int],
        answers: list[bytes | ScoringError],
        *,
        with_model: bool,
    ) -> None:
        """Put the ScoreResponse or the error of checked transactions in their places.

        Called by who has the turn.
        """
        # The usual case, one run of all, needs no copy.
        rows = read.rows if len(positions) == len(read.rows) else read.rows[positions]

        def encode(new: Sequence[int], assessment: Assessment, ingest_time_ns: int) -> list[bytes]:
            # As many as were given are all of them, in their order.
            all_new = len(new) == len(positions)
            at = positions if all_new else [positions[each] for each in new]
            events, responses = self._writer.write(read, at, assessment, ingest_time_ns)
            for place, response in zip(at, responses, strict=True):
                answers[place] = response
            self._count.assessed(assessment, self._alert_threshold)
            if self._comparison is not None:
                self._comparison.offer(assessment.records, assessment.judgements, assessment.ml)
            return events

        def content(new: Sequence[int]) -> tuple[bytes, NDArray[np.int64]]:
            return read.data, read.spans[[positions[each] for each in new]]

        known = self._scorer.score(rows, encode, content, with_model=with_model)
        for each, outcome in known.items():
            answers[positions[each]] = self._known(outcome, read.content(positions[each]))

    def _known(self, outcome: Outcome, content: bytes) -> bytes | ScoringError:
        if outcome.status == "REPLAYED":
            self._count.replayed()
            first = result_of_event(outcome.payload)
            first.replayed = True
            return wire.field(_RESULT, first.SerializeToString())
        if outcome.status == "PENDING":
            return UnavailableError(
                "another worker has this transaction in hand; try again shortly",
                reason="TRANSACTION_PENDING",
            )
        self._count.conflict()
        return ConflictError(
            "transaction_id must not be used again with other content, was first used by event "
            f"{outcome.sequence}",
            reason="TRANSACTION_ID_REUSED",
            metadata={
                "transaction_id": Transaction.FromString(content).transaction_id,
                "sequence": str(outcome.sequence),
            },
        )


def _outcome(answer: bytes | ScoringError) -> bytes:
    """Return the bytes of a ScoreOutcome, whose result has the number of a ScoreResponse's."""
    if isinstance(answer, ScoringError):
        return wire.field(_OUTCOME_ERROR, status_of(answer).SerializeToString())
    return answer
