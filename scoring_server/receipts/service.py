"""ReceiptService: receipts and explanations of decisions, from the files of the journal."""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import msgspec
from anomaly.v1 import receipt_service_pb2

from scoring_server.errors import (
    ConflictError,
    FailedPreconditionError,
    FieldViolation,
    NotFoundError,
    UnavailableError,
)
from scoring_server.inference.onnx_model import OnnxModel
from scoring_server.journal.journal import JournalRecord
from scoring_server.receipts.again import replay
from scoring_server.receipts.explain import explain, model_of
from scoring_server.receipts.exported import exported
from scoring_server.receipts.receipt import Receipt, receipt_at
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, UnaryMethod
from scoring_server.rpc.validation import invalid
from scoring_server.state.keys import transaction_key

SERVICE = "anomaly.v1.ReceiptService"
_ID_LENGTH_MAX = 64


class ReceiptService:
    """Answers ReceiptService.

    Args:
        find: gives the event of a transaction by its key; None when it is not known.
        data_dir: of the server.
        model_dir: folder of models.
    """

    def __init__(
        self, find: Callable[[int], JournalRecord | None], data_dir: Path, model_dir: Path
    ) -> None:
        self._find = find
        self._data_dir = data_dir
        self._model_dir = model_dir
        # The last model that was needed: its own copy, because a model scores for one at a time.
        self._model: OnnxModel | None = None
        self._lock = threading.Lock()

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        return [
            UnaryMethod(SERVICE, "GetReceipt", Pool.ADMIN, self.get_receipt),
            UnaryMethod(SERVICE, "ExplainDecision", Pool.ADMIN, self.explain_decision),
        ]

    def get_receipt(self, request: bytes, _call: Call) -> bytes:
        """Return a receipt, and what a replay of it gives."""
        message = parse(receipt_service_pb2.GetReceiptRequest, request)
        receipt = self._receipt(message.transaction_id)
        found = replay(receipt)
        response = receipt_service_pb2.GetReceiptResponse(
            receipt_json=msgspec.json.encode(exported(receipt)).decode(), changed=found.changed
        )
        for each in found.differences:
            response.differences.add(
                field=each.field, recorded=str(each.recorded), replayed=str(each.replayed)
            )
        return response.SerializeToString()

    def explain_decision(self, request: bytes, _call: Call) -> bytes:
        """Say why a decision came out as it did."""
        message = parse(receipt_service_pb2.ExplainDecisionRequest, request)
        receipt = self._receipt(message.transaction_id)
        with self._lock:
            told = explain(receipt, self._model_of(receipt))
        response = receipt_service_pb2.ExplainDecisionResponse()
        for attribution in told.attributions:
            response.attributions.add(**asdict(attribution))
        for counterfactual in told.counterfactuals:
            response.counterfactuals.add(**asdict(counterfactual))
        return response.SerializeToString()

    def _model_of(self, receipt: Receipt) -> OnnxModel | None:
        kept = receipt.context.model
        if kept is None:
            return None
        if self._model is None or self._model.identity.sha256 != kept.sha256:
            try:
                self._model = model_of(receipt, self._model_dir)
            except ConflictError as error:
                raise FailedPreconditionError(error.message, reason="MODEL_CHANGED") from error
        return self._model

    def _receipt(self, transaction_id: str) -> Receipt:
        if not 1 <= len(transaction_id) <= _ID_LENGTH_MAX:
            allowed = f"must be 1..{_ID_LENGTH_MAX} characters, had {len(transaction_id)}"
            raise invalid([FieldViolation("transaction_id", allowed)])
        record = self._find(transaction_key(transaction_id))
        receipt = None
        if record is not None:
            try:
                receipt = receipt_at(self._data_dir, record.sequence, transaction_id)
            except (sqlite3.Error, OSError, ValueError) as error:
                raise UnavailableError(
                    f"the recorded decision cannot be read: {error}", reason="RECEIPT_UNREADABLE"
                ) from error
        # Two ids may share a key.
        if receipt is None or receipt.result.transaction_id != transaction_id:
            raise NotFoundError(
                f"transaction_id must be one that was scored here, was {transaction_id}",
                reason="TRANSACTION_UNKNOWN",
            )
        return receipt
