"""The yardstick: grpcio's stock server with the same messages, doing nothing in between.

`python -m scoring_server.bench.echo_server` prints its port and serves until its input closes.
"""

import sys
from concurrent import futures
from typing import Any

import grpc
from anomaly.v1 import scoring_service_pb2, scoring_service_pb2_grpc

# As many as the scoring server has by default.
THREAD_COUNT = 4


def canned_result(transaction_id: str) -> scoring_service_pb2.ScoreResult:
    """Return an answer of the usual size."""
    result = scoring_service_pb2.ScoreResult(
        transaction_id=transaction_id,
        risk_score=12.5,
        severity=scoring_service_pb2.SEVERITY_MINIMAL,
        decision=scoring_service_pb2.DECISION_APPROVE,
        detector_scores=scoring_service_pb2.DetectorScores(
            statistical=0.1, behavioral=0.2, ml=0.05
        ),
        model_name="default",
        model_version="1",
        sequence=1,
    )
    result.ingest_time.seconds = 1_767_312_000
    for code in ("ACCOUNT_VELOCITY", "AMOUNT_UNUSUAL"):
        result.reasons.add(
            code=code,
            detector=scoring_service_pb2.DETECTOR_BEHAVIORAL,
            feature="account_count_1h",
            value=4.0,
            baseline=1.5,
            contribution=0.5,
            sentence="4 payments of the account in the last hour, usual are 1.5.",
        )
    return result


class EchoScoring(scoring_service_pb2_grpc.ScoringServiceServicer):
    """Answers at once with the caller's transaction id."""

    def Score(  # noqa: N802 - the name comes from the protocol
        self, request: scoring_service_pb2.ScoreRequest, context: Any
    ) -> scoring_service_pb2.ScoreResponse:
        """Answer one transaction."""
        del context
        result = canned_result(request.transaction.transaction_id)
        return scoring_service_pb2.ScoreResponse(result=result)

    def ScoreBatch(  # noqa: N802 - the name comes from the protocol
        self, request: scoring_service_pb2.ScoreBatchRequest, context: Any
    ) -> scoring_service_pb2.ScoreBatchResponse:
        """Answer a batch."""
        del context
        return scoring_service_pb2.ScoreBatchResponse(
            outcomes=[
                scoring_service_pb2.ScoreOutcome(result=canned_result(transaction.transaction_id))
                for transaction in request.transactions
            ]
        )


def main() -> None:
    """Serve until the input is closed."""
    server = grpc.server(
        futures.ThreadPoolExecutor(THREAD_COUNT),
        options=[("grpc.max_receive_message_length", 8 << 20)],
    )
    scoring_service_pb2_grpc.add_ScoringServiceServicer_to_server(EchoScoring(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop(0).wait()


if __name__ == "__main__":
    main()
