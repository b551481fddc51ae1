"""A small scoring server for tests of the gateway.

The real protocol over a real socket, with an in-memory feed.

It stands for another process. Its rules are plain, so that a test knows the answer: the risk score
is the amount in major units, at most 100, and an alert is raised from 50 on.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc
from anomaly.v1 import (
    event_service_pb2,
    event_service_pb2_grpc,
    label_service_pb2,
    label_service_pb2_grpc,
    model_service_pb2_grpc,
    receipt_service_pb2_grpc,
    rule_service_pb2_grpc,
    scoring_service_pb2,
    scoring_service_pb2_grpc,
    transaction_pb2,
)
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support.scripted_models import ScriptedModels, refuse
from tests.support.scripted_receipts import ScriptedReceipts
from tests.support.scripted_rules import ScriptedRules

ALERT_THRESHOLD = 50.0
BATCH_SIZE = 64
HEARTBEAT_S = 0.2


def alert_id_of(transaction_id: str) -> str:
    return "alr_" + hashlib.sha256(transaction_id.encode()).hexdigest()[:16]


def assess(transaction: Any, sequence: int) -> Any:
    amount = transaction.payment.amount_minor or transaction.trade.quantity_micros // 10_000
    risk = min(100.0, amount / 100)
    pb = scoring_service_pb2
    severity = next(
        value
        for least, value in (
            (95, pb.SEVERITY_CRITICAL),
            (80, pb.SEVERITY_HIGH),
            (50, pb.SEVERITY_MEDIUM),
            (20, pb.SEVERITY_LOW),
            (0, pb.SEVERITY_MINIMAL),
        )
        if risk >= least
    )
    result = pb.ScoreResult(
        transaction_id=transaction.transaction_id,
        risk_score=risk,
        severity=severity,
        decision=pb.DECISION_REVIEW if risk >= ALERT_THRESHOLD else pb.DECISION_APPROVE,
        detector_scores=pb.DetectorScores(statistical=risk / 100, behavioral=0.25, ml=0.5),
        model_name="default",
        model_version="1.0.0",
        alert_id=alert_id_of(transaction.transaction_id) if risk >= ALERT_THRESHOLD else "",
        sequence=sequence,
    )
    if risk >= ALERT_THRESHOLD:
        result.reasons.add(
            code="ACCOUNT_AMOUNT",
            detector=pb.DETECTOR_STATISTICAL,
            feature="amount_robust_z",
            value=6.0,
            baseline=2.0,
            contribution=0.6,
            sentence="The amount is far above what the account usually pays.",
        )
    return result


class ScriptedScoringServer:
    """Start it with `start`; `port` is then known. `events` is the journal."""

    def __init__(self, journal_id: str = "journal-1") -> None:
        self.journal_id = journal_id
        self.events: list[Any] = []
        self.labels: dict[str, Any] = {}
        # Versions of the model in use, champion first.
        self.models = ["1.0.0"]
        # Texts of rules by file, and who changed them.
        self.rules: dict[str, str] = {}
        self.rule_authors: list[str] = []
        self.label_calls = 0
        self.confirmed: dict[str, tuple[str, int]] = {}
        self.fail_with: grpc.StatusCode | None = None
        self.seen_request_ids: list[str] = []
        self.port = 0
        self._answers: dict[str, tuple[bytes, Any]] = {}
        self._grown = asyncio.Condition()
        self._server: grpc.aio.Server | None = None

    async def start(self, port: int = 0) -> None:
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        scoring_service_pb2_grpc.add_ScoringServiceServicer_to_server(_Scoring(self), self._server)
        event_service_pb2_grpc.add_EventServiceServicer_to_server(_Events(self), self._server)
        label_service_pb2_grpc.add_LabelServiceServicer_to_server(_Labels(self), self._server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ScriptedModels(self.models), self._server
        )
        rule_service_pb2_grpc.add_RuleServiceServicer_to_server(
            ScriptedRules(self.rules, self.rule_authors), self._server
        )
        receipt_service_pb2_grpc.add_ReceiptServiceServicer_to_server(
            ScriptedReceipts(self._answers.keys), self._server
        )
        health_pb2_grpc.add_HealthServicer_to_server(_Health(), self._server)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(grace=None)
            self._server = None

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def append(self, event: Any) -> Any:
        event.sequence = len(self.events) + 1
        if not event.HasField("ingest_time"):
            event.ingest_time.FromDatetime(datetime.now(UTC).replace(tzinfo=None))
        self.events.append(event)
        async with self._grown:
            self._grown.notify_all()
        return event

    async def score(self, transaction: Any) -> Any:
        """Take a transaction in as Score does, without the way over the socket."""
        result = assess(transaction, len(self.events) + 1)
        await self.append(
            event_service_pb2.Event(
                scored_transaction=event_service_pb2.ScoredTransaction(
                    transaction=transaction, result=result
                )
            )
        )
        content = transaction.SerializeToString(deterministic=True)
        self._answers[transaction.transaction_id] = (content, result)
        return result

    def known(self, transaction: Any) -> tuple[bool, Any] | None:
        """Return whether the content is the same, and the first answer; None for a new id."""
        if transaction.transaction_id not in self._answers:
            return None
        content, result = self._answers[transaction.transaction_id]
        return content == transaction.SerializeToString(deterministic=True), result

    async def wait_for_growth(self) -> None:
        async with self._grown:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._grown.wait()
            except TimeoutError:
                return


class _Scoring(scoring_service_pb2_grpc.ScoringServiceServicer):
    def __init__(self, server: ScriptedScoringServer) -> None:
        self._server = server

    async def Score(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by gRPC
        server = self._server
        metadata = dict(context.invocation_metadata() or ())
        server.seen_request_ids.append(metadata.get("x-request-id", ""))
        if server.fail_with is not None:
            retry = error_details_pb2.RetryInfo()
            retry.retry_delay.FromMilliseconds(2500)
            await refuse(context, server.fail_with, "scripted", retry)
        transaction = request.transaction
        if transaction.payment.country == "ZZ":
            bad = error_details_pb2.BadRequest()
            bad.field_violations.add(
                field="transaction.payment.country", description="must be a country, was ZZ"
            )
            bad.field_violations.add(
                field="transaction.payment.account_id", description="must be known"
            )
            await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "two bad fields", bad)
        known = server.known(transaction)
        if known is None:
            return scoring_service_pb2.ScoreResponse(result=await server.score(transaction))
        same, first = known
        if not same:
            info = error_details_pb2.ErrorInfo(reason="CONTENT_DIFFERS", domain="anomaly")
            await refuse(context, grpc.StatusCode.ALREADY_EXISTS, "other content", info)
        again = scoring_service_pb2.ScoreResult()
        again.CopyFrom(first)
        again.replayed = True
        return scoring_service_pb2.ScoreResponse(result=again)


class _Events(event_service_pb2_grpc.EventServiceServicer):
    def __init__(self, server: ScriptedScoringServer) -> None:
        self._server = server

    async def Subscribe(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        server = self._server
        other_journal = request.journal_id not in {"", server.journal_id}
        if other_journal or request.after_sequence > len(server.events):
            info = error_details_pb2.ErrorInfo(reason="JOURNAL_CHANGED", domain="anomaly")
            await refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "no such position", info)
        position = request.after_sequence
        size = min(request.batch_size_max or BATCH_SIZE, BATCH_SIZE)
        while True:
            events = server.events[position : position + size]
            yield event_service_pb2.SubscribeResponse(
                events=events, journal_id=server.journal_id, latest_sequence=len(server.events)
            )
            position += len(events)
            if position >= len(server.events):
                await server.wait_for_growth()

    async def ConfirmPosition(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        self._server.confirmed[request.subscriber] = (request.journal_id, request.sequence)
        return event_service_pb2.ConfirmPositionResponse(first_sequence=1)


class _Labels(label_service_pb2_grpc.LabelServiceServicer):
    def __init__(self, server: ScriptedScoringServer) -> None:
        self._server = server

    async def ReportLabels(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by gRPC
        server = self._server
        server.label_calls += 1
        if any(label.transaction_id.startswith("refuse-") for label in request.labels):
            bad = error_details_pb2.BadRequest()
            bad.field_violations.add(field="labels[0].transaction_id", description="scripted")
            await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "a bad label", bad)
        pb = label_service_pb2
        response = pb.ReportLabelsResponse()
        for label in request.labels:
            status = pb.LABEL_STATUS_APPLIED
            if label.label_id in server.labels:
                status = pb.LABEL_STATUS_DUPLICATE
            else:
                server.labels[label.label_id] = label
                await server.append(event_service_pb2.Event(label=label))
            response.outcomes.add(label_id=label.label_id, status=status)
        return response


class _Health(health_pb2_grpc.HealthServicer):
    async def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - gRPC names it
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def payment(
    transaction_id: str,
    *,
    amount_minor: int = 1_000,
    account_id: str = "account-1",
    event_time: datetime | None = None,
    **fields: Any,
) -> Any:
    """Return a payment; from 5,000 minor units on it raises an alert."""
    transaction = transaction_pb2.Transaction(
        transaction_id=transaction_id,
        payment=transaction_pb2.Payment(
            account_id=account_id, amount_minor=amount_minor, currency="EUR", **fields
        ),
    )
    instant = event_time or datetime.now(UTC)
    transaction.event_time.FromDatetime(instant.astimezone(UTC).replace(tzinfo=None))
    return transaction
