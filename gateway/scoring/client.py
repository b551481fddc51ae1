"""The client of the scoring server.

Every call has a deadline, and every failure comes back in the gateway's words.
"""

from collections.abc import AsyncGenerator, Sequence

from anomaly.v1 import (
    event_service_pb2,
    event_service_pb2_grpc,
    label_service_pb2,
    label_service_pb2_grpc,
    scoring_service_pb2_grpc,
)
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.domain.alert import OutboxLabel
from gateway.domain.payment import Payment, ScoreAnswer
from gateway.domain.transaction import FeedBatch, FeedPosition
from gateway.errors import UnavailableError
from gateway.scoring import converters
from gateway.scoring.channel import ScoringTls, open_channel
from gateway.scoring.models import ModelClient
from gateway.scoring.receipts import ReceiptClient
from gateway.scoring.rules import RuleClient
from gateway.scoring.status import translated
from gateway.spans import Spans

_LABELS_TIMEOUT_S = 5.0
_HEALTH_TIMEOUT_S = 1.0
# The name under which the feed is confirmed; one for all gateways on one database.
_SUBSCRIBER = "gateway"
_REQUEST_ID_METADATA = "x-request-id"
_SCORING_SERVICE = "anomaly.v1.ScoringService"


class ScoringClient:
    """One channel to the scoring server. Made inside the event loop that uses it.

    Attributes:
        models: asks for models and changes them, over the same channel.
        rules: asks for user rules and changes them, likewise.
        receipts: asks how decisions are proved and explained, likewise.
    """

    def __init__(
        self,
        target: str,
        timeout_s: float,
        batch_size_max: int,
        spans: Spans | None = None,
        tls: ScoringTls | None = None,
    ) -> None:
        self._spans = spans
        self._channel = open_channel(target, tls)
        self._timeout_s = timeout_s
        self._batch_size_max = batch_size_max
        self._scoring = scoring_service_pb2_grpc.ScoringServiceStub(self._channel)
        self._labels = label_service_pb2_grpc.LabelServiceStub(self._channel)
        self._events = event_service_pb2_grpc.EventServiceStub(self._channel)
        self._health = health_pb2_grpc.HealthStub(self._channel)
        self.models = ModelClient(self._channel, timeout_s)
        self.rules = RuleClient(self._channel, timeout_s)
        self.receipts = ReceiptClient(self._channel, timeout_s)

    async def score(self, payment: Payment, request_id: str) -> ScoreAnswer:
        """Score one payment.

        Raises:
            InvalidArgumentError: the server refuses fields of it; they are named as the REST API
                names them.
            ConflictError: the transaction id is taken by another content.
            ResourceExhaustedError: the server is overloaded.
            UnavailableError: the server is away, or did not answer in time. The call may be
                repeated.
        """
        metadata = ((_REQUEST_ID_METADATA, request_id),)
        with translated():
            if self._spans is None:
                response = await self._scoring.Score(
                    converters.score_request(payment), timeout=self._timeout_s, metadata=metadata
                )
            else:
                with self._spans.call(_SCORING_SERVICE, "Score") as trace:
                    response = await self._scoring.Score(
                        converters.score_request(payment),
                        timeout=self._timeout_s,
                        metadata=metadata + trace,
                    )
        return converters.score_answer(response.result)

    async def report_labels(self, labels: Sequence[OutboxLabel]) -> dict[str, str]:
        """Deliver labels; return by label id what the server did with each. Safe to repeat.

        Raises:
            InvalidArgumentError: the server refuses at least one of them, and has taken none.
            UnavailableError: the server is away.
        """
        request = label_service_pb2.ReportLabelsRequest(
            labels=[converters.label_message(label) for label in labels]
        )
        with translated():
            response = await self._labels.ReportLabels(request, timeout=_LABELS_TIMEOUT_S)
        return {
            outcome.label_id: converters.LABEL_STATUSES[outcome.status]
            for outcome in response.outcomes
        }

    async def subscribe(self, position: FeedPosition) -> AsyncGenerator[FeedBatch, None]:
        """Yield the feed after a position until the server ends it or goes away.

        Raises:
            FeedPositionError: the server knows no such position, or another journal.
            UnavailableError: the server is away.
        """
        call = self._events.Subscribe(
            event_service_pb2.SubscribeRequest(
                after_sequence=position.sequence,
                journal_id=position.journal_id,
                batch_size_max=self._batch_size_max,
            )
        )
        try:
            with translated():
                async for response in call:
                    yield FeedBatch(
                        [converters.feed_event(event) for event in response.events],
                        response.journal_id,
                        response.latest_sequence,
                    )
        finally:
            call.cancel()

    async def confirm(self, position: FeedPosition) -> None:
        """Tell the server that everything up to a position is stored here for good.

        Raises:
            FeedPositionError: the server knows no such position, or another journal.
            UnavailableError: the server is away.
        """
        request = event_service_pb2.ConfirmPositionRequest(
            subscriber=_SUBSCRIBER, journal_id=position.journal_id, sequence=position.sequence
        )
        with translated():
            await self._events.ConfirmPosition(request, timeout=self._timeout_s)

    async def check(self) -> None:
        """Raise UnavailableError unless the server says that it serves."""
        with translated():
            answer = await self._health.Check(
                health_pb2.HealthCheckRequest(), timeout=_HEALTH_TIMEOUT_S
            )
        if answer.status != health_pb2.HealthCheckResponse.SERVING:
            raise UnavailableError(
                "the scoring server is not serving", reason="SCORING_SERVER_UNAVAILABLE"
            )

    async def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        await self._channel.close(grace=None)
