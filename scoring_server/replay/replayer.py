"""The replay itself: event order is kept, answers are awaited, a lost server is waited for."""

import asyncio
import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import grpc
import pyarrow as pa
from anomaly.v1 import (
    label_service_pb2,
    label_service_pb2_grpc,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
)
from anomaly.v1.transaction_pb2 import Transaction

from scoring_server import clock
from scoring_server.clock import NS_PER_S
from scoring_server.errors import UnavailableError
from scoring_server.replay import messages
from scoring_server.replay.label_plan import LabelPlan
from scoring_server.replay.progress_file import Progress
from scoring_server.replay.tally import Tally
from scoring_server.rpc.client import MESSAGE_SIZE_BYTES_MAX
from scoring_server.rpc.client_tls import ClientTls

Mode = Literal["stream", "batch", "unary"]

CALL_SECONDS_MAX: Final = 30.0
LABELS_A_CALL_MAX: Final = 1_000
BACKOFF_SECONDS: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 2.0
SAVE_INTERVAL_NS: Final = NS_PER_S
_CHANNEL_OPTIONS: Final[list[tuple[str, str | int]]] = [
    ("grpc.max_receive_message_length", MESSAGE_SIZE_BYTES_MAX)
]
# INTERNAL is what grpc.aio makes of a write that the connection's end cut off; a server that
# really means it is given up like one that is away.
_RETRYABLE: Final = frozenset(
    {
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions:
    """How a file is sent.

    Attributes:
        mode: one stream of batches, batches one after the other, or single calls.
        batch_size: transactions a message, 1..4096.
        window: messages of the stream that may wait for their answer.
        rate: transactions a second, 0 for as fast as possible.
        labels_delay_ns: how long after a transaction its label becomes known; None sends no labels.
        labels_exact: report frauds alone, to the transaction, as a backtest takes them.
        give_up_seconds: how long a lost server is waited for.
    """

    mode: Mode = "stream"
    batch_size: int = 256
    window: int = 4
    rate: float = 0.0
    labels_delay_ns: int | None = None
    labels_exact: bool = False
    give_up_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class _Sent:
    start: int
    count: int
    time_ns: int


def _channel(target: str, tls: ClientTls | None) -> grpc.aio.Channel:
    if tls is None:
        return grpc.aio.insecure_channel(target, _CHANNEL_OPTIONS)
    options = [*_CHANNEL_OPTIONS, *tls.options()]
    return grpc.aio.secure_channel(target, tls.credentials(), options)


class Replayer:
    """Sends the rows of a canonical table from a position on and tallies the answers.

    Rows are acknowledged in order; a row that was sent and not acknowledged when the connection
    broke is sent again, and the server answers it with its first answer.
    """

    def __init__(
        self,
        table: pa.Table,
        options: ReplayOptions,
        progress: Progress,
        *,
        on_progress: Callable[[Progress], None],
        on_wait: Callable[[str], None],
    ) -> None:
        self._table = table
        self._options = options
        self._acknowledged = progress.acknowledged
        self._labelled = progress.labelled
        self._plan = LabelPlan(table, options.labels_delay_ns, exact=options.labels_exact)
        self._on_progress = on_progress
        self._on_wait = on_wait
        self._began_ns = 0
        self._first_row = progress.acknowledged
        self.tally = Tally(table)

    @property
    def progress(self) -> Progress:
        """How far it got."""
        return Progress(self._acknowledged, self._labelled)

    async def run(self, target: str, tls: ClientTls | None = None) -> None:
        """Send everything.

        Raises:
            UnavailableError: the server stayed away for longer than `give_up_seconds`.
            grpc.aio.AioRpcError: the server refused a whole call; sending it again will not help.
        """
        self._began_ns = clock.monotonic_ns()
        backoff_s = BACKOFF_SECONDS
        progress_ns, reached = self._began_ns, self.progress
        while self._acknowledged < self._table.num_rows:
            try:
                async with _channel(target, tls) as channel:
                    await self._send_all(channel)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _RETRYABLE:
                    raise
                trouble = f"{error.code().name}: {error.details()}"
            except (ConnectionError, TimeoutError) as error:
                trouble = str(error) or "no answer in time"
            else:
                break
            if self.progress != reached:
                progress_ns, reached = clock.monotonic_ns(), self.progress
                backoff_s = BACKOFF_SECONDS
            if clock.monotonic_ns() - progress_ns > self._options.give_up_seconds * NS_PER_S:
                raise UnavailableError(f"{target} could not be reached any more: {trouble}")
            self._on_wait(trouble)
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, BACKOFF_SECONDS_MAX)

    async def _send_all(self, channel: grpc.aio.Channel) -> None:
        stub = scoring_service_pb2_grpc.ScoringServiceStub(channel)
        labels = label_service_pb2_grpc.LabelServiceStub(channel)
        if self._options.mode == "stream":
            await self._send_stream(stub, labels)
            return
        one = self._options.mode == "unary"
        while self._acknowledged < self._table.num_rows:
            await self._report_labels(labels, self._acknowledged)
            sent = self._next(self._acknowledged, 1 if one else self._options.batch_size)
            await self._pace(sent.start)
            batch = self._messages(sent)
            sent = _Sent(sent.start, sent.count, clock.monotonic_ns())
            call = _score_one(stub, batch[0]) if one else _score_batch(stub, batch)
            self._settle(sent, await call)

    async def _send_stream(
        self,
        stub: scoring_service_pb2_grpc.ScoringServiceStub,
        labels: label_service_pb2_grpc.LabelServiceStub,
    ) -> None:
        call = stub.ScoreStream()
        in_flight: collections.deque[_Sent] = collections.deque()
        position, count = self._acknowledged, self._table.num_rows
        while self._acknowledged < count:
            # Labels change the state, so the transactions before them are settled first.
            labels_wait = position < count and self._plan.is_due(self._labelled, position)
            if position < count and len(in_flight) < self._options.window and not labels_wait:
                await self._pace(position)
                sent = self._next(position, self._options.batch_size)
                batch = self._messages(sent)
                sent = _Sent(sent.start, sent.count, clock.monotonic_ns())
                await _write(call, scoring_service_pb2.ScoreStreamRequest(transactions=batch))
                in_flight.append(sent)
                position += sent.count
            elif in_flight:
                response = await asyncio.wait_for(call.read(), CALL_SECONDS_MAX)
                if not isinstance(response, scoring_service_pb2.ScoreStreamResponse):
                    raise ConnectionError("the server ended the stream")
                self._settle(in_flight.popleft(), response.outcomes)
            else:
                await self._report_labels(labels, position)
        await call.done_writing()

    def _next(self, start: int, size: int) -> _Sent:
        size = size if self._options.rate == 0 else min(size, max(1, int(self._options.rate / 20)))
        size = self._plan.uncut(self._labelled, start, size)
        return _Sent(start, min(size, self._table.num_rows - start), 0)

    def _messages(self, sent: _Sent) -> list[Transaction]:
        return messages.transactions(self._table.slice(sent.start, sent.count))

    def _settle(self, sent: _Sent, outcomes: Sequence[scoring_service_pb2.ScoreOutcome]) -> None:
        latency_ns = clock.monotonic_ns() - sent.time_ns
        settled = self.tally.add(sent.start, outcomes, latency_ns)
        self._acknowledged = sent.start + settled
        self._on_progress(self.progress)
        if settled < sent.count:
            raise ConnectionError(f"the server is overloaded: {outcomes[settled].error.message}")

    async def _pace(self, row: int) -> None:
        """Wait until it is the row's turn at the wanted rate."""
        if self._options.rate > 0:
            due_ns = self._began_ns + (row - self._first_row) / self._options.rate * NS_PER_S
            await asyncio.sleep(max(0.0, (due_ns - clock.monotonic_ns()) / NS_PER_S))

    async def _report_labels(self, stub: label_service_pb2_grpc.LabelServiceStub, row: int) -> None:
        """Report what has become known before the row's transaction happened."""
        if not self._plan.is_due(self._labelled, row):
            return
        end = self._plan.known_end(self._labelled, row)
        while self._labelled < end:
            upto = min(end, self._labelled + LABELS_A_CALL_MAX)
            batch = self._plan.labels(self._labelled, upto, self._first_row, self.tally)
            if batch:
                request = label_service_pb2.ReportLabelsRequest(labels=batch)
                await stub.ReportLabels(request, timeout=CALL_SECONDS_MAX)
            self._labelled = upto
            self.tally.labels_reported += len(batch)
        self._plan.done(row)


async def _write(call: Any, request: scoring_service_pb2.ScoreStreamRequest) -> None:
    """Send a message; a stream that has ended meanwhile raises what it ended with."""
    try:
        await call.write(request)
    except asyncio.InvalidStateError:
        # The write says only that it is too late, the read says why.
        await call.read()
        raise ConnectionError("the server ended the stream") from None


async def _score_one(
    stub: scoring_service_pb2_grpc.ScoringServiceStub, transaction: Transaction
) -> Sequence[scoring_service_pb2.ScoreOutcome]:
    request = scoring_service_pb2.ScoreRequest(transaction=transaction)
    try:
        response = await stub.Score(request, timeout=CALL_SECONDS_MAX)
    except grpc.aio.AioRpcError as error:
        if error.code() in _RETRYABLE:
            raise
        outcome = scoring_service_pb2.ScoreOutcome()
        outcome.error.code = error.code().value[0]
        outcome.error.message = error.details() or ""
        return [outcome]
    return [scoring_service_pb2.ScoreOutcome(result=response.result)]


async def _score_batch(
    stub: scoring_service_pb2_grpc.ScoringServiceStub, batch: list[Transaction]
) -> Sequence[scoring_service_pb2.ScoreOutcome]:
    request = scoring_service_pb2.ScoreBatchRequest(transactions=batch)
    response: scoring_service_pb2.ScoreBatchResponse = await stub.ScoreBatch(
        request, timeout=CALL_SECONDS_MAX
    )
    return response.outcomes
