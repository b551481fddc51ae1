"""A thin client of the scoring server, with a deadline on every call."""

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import grpc
from anomaly.v1 import (
    event_service_pb2,
    event_service_pb2_grpc,
    label_service_pb2,
    label_service_pb2_grpc,
    model_service_pb2,
    model_service_pb2_grpc,
    receipt_service_pb2_grpc,
    rule_service_pb2_grpc,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
)
from anomaly.v1.label_service_pb2 import Label, LabelOutcome
from anomaly.v1.scoring_service_pb2 import ScoreOutcome, ScoreResult
from anomaly.v1.transaction_pb2 import Transaction
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from scoring_server.rpc.client_tls import ClientTls

CALL_TIMEOUT_S = 5.0
BATCH_TIMEOUT_S = 30.0
# A batch of 4,096 answers with all their reasons passes gRPC's default of 4 MiB.
MESSAGE_SIZE_BYTES_MAX = 16 * 1024 * 1024


class ScoringClient:
    """One connection to a scoring server. Threads may share it; close it, or use it in a `with`.

    Every method raises grpc.RpcError when the call fails; `violations_of` and `reason_of` read
    what it says. The kernel spreads connections over the workers of a server, not calls, so heavy
    callers open several clients.

    Args:
        target: host:port.
        tls: what is trusted and shown; None calls without TLS.
    """

    def __init__(self, target: str, *, tls: ClientTls | None = None) -> None:
        options: list[tuple[str, str | int]] = [
            ("grpc.max_receive_message_length", MESSAGE_SIZE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_SIZE_BYTES_MAX),
            # Clients of one process share a connection else, and all their calls go to one worker.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if tls is None:
            self._channel = grpc.insecure_channel(target, options)
        else:
            options += tls.options()
            self._channel = grpc.secure_channel(target, tls.credentials(), options)
        self._scoring: Any = scoring_service_pb2_grpc.ScoringServiceStub(self._channel)
        self._labels: Any = label_service_pb2_grpc.LabelServiceStub(self._channel)
        self._events: Any = event_service_pb2_grpc.EventServiceStub(self._channel)
        self._models: Any = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._rules: Any = rule_service_pb2_grpc.RuleServiceStub(self._channel)
        self._receipts: Any = receipt_service_pb2_grpc.ReceiptServiceStub(self._channel)
        self._health: Any = health_pb2_grpc.HealthStub(self._channel)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    @property
    def channel(self) -> grpc.Channel:
        """The connection, for other stubs."""
        return self._channel

    def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        self._channel.close()

    def wait_ready(self, timeout_s: float = CALL_TIMEOUT_S) -> None:
        """Wait until the server can be reached.

        Raises:
            grpc.FutureTimeoutError: it cannot within the time.
        """
        grpc.channel_ready_future(self._channel).result(timeout_s)

    def score(
        self, transaction: Transaction, *, timeout_s: float = CALL_TIMEOUT_S, request_id: str = ""
    ) -> ScoreResult:
        """Score one transaction."""
        request = scoring_service_pb2.ScoreRequest(transaction=transaction)
        metadata = (("x-request-id", request_id),) if request_id else None
        response: scoring_service_pb2.ScoreResponse = self._scoring.Score(
            request, timeout=timeout_s, metadata=metadata
        )
        return response.result

    def score_batch(
        self, transactions: Sequence[Transaction], *, timeout_s: float = BATCH_TIMEOUT_S
    ) -> list[ScoreOutcome]:
        """Score 1 to 4,096 transactions in order."""
        request = scoring_service_pb2.ScoreBatchRequest(transactions=transactions)
        return list(self._scoring.ScoreBatch(request, timeout=timeout_s).outcomes)

    def score_stream(
        self, batches: Iterable[Sequence[Transaction]], *, timeout_s: float | None = None
    ) -> Iterator[list[ScoreOutcome]]:
        """Score batch after batch over one call; `timeout_s` bounds the whole stream."""
        requests = (scoring_service_pb2.ScoreStreamRequest(transactions=batch) for batch in batches)
        for response in self._scoring.ScoreStream(requests, timeout=timeout_s):
            yield list(response.outcomes)

    def report_labels(
        self, labels: Sequence[Label], *, timeout_s: float = BATCH_TIMEOUT_S
    ) -> list[LabelOutcome]:
        """Report 1 to 1,000 labels."""
        request = label_service_pb2.ReportLabelsRequest(labels=labels)
        return list(self._labels.ReportLabels(request, timeout=timeout_s).outcomes)

    def subscribe(
        self,
        after_sequence: int = 0,
        *,
        journal_id: str = "",
        batch_size_max: int = 0,
        timeout_s: float | None = None,
    ) -> Any:
        """Follow the feed after a position.

        Returns:
            An iterator over SubscribeResponse with a `cancel` method, as grpcio gives it.
        """
        request = event_service_pb2.SubscribeRequest(
            after_sequence=after_sequence, journal_id=journal_id, batch_size_max=batch_size_max
        )
        return self._events.Subscribe(request, timeout=timeout_s)

    def list_models(self, *, timeout_s: float = CALL_TIMEOUT_S) -> list[model_service_pb2.Model]:
        """Return the models that the server holds."""
        request = model_service_pb2.ListModelsRequest()
        return list(self._models.ListModels(request, timeout=timeout_s).models)

    @property
    def receipts(self) -> Any:
        """The stub of ReceiptService."""
        return self._receipts

    @property
    def models(self) -> Any:
        """The stub of ModelService."""
        return self._models

    @property
    def rules(self) -> Any:
        """The stub of RuleService."""
        return self._rules

    def health(self, service: str = "", *, timeout_s: float = CALL_TIMEOUT_S) -> str:
        """Return SERVING, NOT_SERVING or another name of the health protocol."""
        request = health_pb2.HealthCheckRequest(service=service)
        response = self._health.Check(request, timeout=timeout_s)
        name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)
        return name


def status_of_call(error: grpc.RpcError) -> status_pb2.Status | None:
    """Return the status with details of a failed call; None when the server sent none."""
    # What a stub raises is the call as well, which the types do not say.
    call: Any = error
    status: status_pb2.Status | None = rpc_status.from_call(call)
    return status


def violations_of(status: status_pb2.Status | None) -> dict[str, str]:
    """Return field -> what is wrong with it; empty when the status names no fields."""
    request = error_details_pb2.BadRequest()
    for detail in status.details if status is not None else ():
        if detail.Unpack(request):
            return {each.field: each.description for each in request.field_violations}
    return {}


def reason_of(status: status_pb2.Status | None) -> str:
    """Return the stable reason code of a status; empty without one."""
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status is not None else ():
        if detail.Unpack(info):
            return str(info.reason)
    return ""
