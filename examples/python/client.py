"""Scores payments over gRPC as docs/clients.md says.

A deadline on every call, retries by the service config, repetition with the same id. Prints what it
got as one line of JSON. The stubs in proto/ are all it needs of us: put that folder on PYTHONPATH.

Usage: python client.py TARGET SERVICE_CONFIG_FILE TRANSACTION_ID
"""

import json
import sys
from pathlib import Path
from typing import Any

import grpc
from anomaly.v1 import scoring_service_pb2, scoring_service_pb2_grpc
from anomaly.v1.transaction_pb2 import Payment, Transaction
from google.protobuf.timestamp_pb2 import Timestamp

ACCOUNT = "alice"


def main() -> None:
    """Score as all our examples do."""
    target, config_file, name = sys.argv[1:]
    options = [("grpc.service_config", Path(config_file).read_text())]
    with grpc.insecure_channel(target, options) as channel:
        stub = scoring_service_pb2_grpc.ScoringServiceStub(channel)
        answers = {
            # The first call may come before the server: it waits for it, up to its deadline.
            "first": score(stub, name, 1999, 60),
            "again": score(stub, name, 1999, 2),
            "conflict": score(stub, name, 2000, 2),
            "invalid": score(stub, f"{name}-invalid", -1, 2),
            "late": score(stub, f"{name}-late", 1999, 1e-9),
        }
    print(json.dumps(answers))


def score(stub: Any, name: str, amount_minor: int, seconds_max: float) -> dict[str, Any]:
    """Return what became of one payment."""
    payment = Payment(
        account_id=ACCOUNT, terminal_id="t1", amount_minor=amount_minor, currency="EUR"
    )
    transaction = Transaction(
        transaction_id=name, event_time=Timestamp(seconds=1770647538), payment=payment
    )
    request = scoring_service_pb2.ScoreRequest(transaction=transaction)
    try:
        # Balancers keep an account at one server by x-account-id.
        result = stub.Score(
            request,
            timeout=seconds_max,
            metadata=(("x-account-id", ACCOUNT),),
            wait_for_ready=True,
        ).result
    except grpc.RpcError as error:
        return {"code": error.code().name}
    return {
        "code": "OK",
        "decision": scoring_service_pb2.Decision.Name(result.decision),
        "score": result.risk_score,
        "replayed": result.replayed,
    }


if __name__ == "__main__":
    main()
