"""EventService: the journal as a stream that a subscriber resumes by position.

Stored events are sent as they are stored: a response is put together from their bytes.
"""

import threading
from collections.abc import Iterator, Sequence

from anomaly.v1 import event_service_pb2
from google.protobuf.message import Message

from scoring_server.errors import (
    FailedPreconditionError,
    FieldViolation,
    OutOfRangeError,
    UnavailableError,
)
from scoring_server.journal.journal import Journal, JournalRecord
from scoring_server.journal.positions import Positions
from scoring_server.rpc import wire
from scoring_server.rpc.decoding import parse
from scoring_server.rpc.transport import Call, Method, Pool, ServerStreamMethod, UnaryMethod
from scoring_server.rpc.validation import BATCH_SIZE_MAX, invalid

SERVICE = "anomaly.v1.EventService"
_BATCH_SIZE = 1_024
_TEXT_LENGTH_MAX = 64
# A response stays below the 4 MiB that gRPC clients accept when nobody tells them otherwise.
_RESPONSE_SIZE_BYTES_MAX = 2 * 1024 * 1024
_EVENTS = wire.tag(1)
_JOURNAL_ID = wire.tag(2)
_LATEST_SEQUENCE = wire.tag(3, 0)


class EventService:
    """Answers EventService.

    Args:
        heartbeat_s: longest silence of a stream.
    """

    def __init__(self, journal: Journal, positions: Positions, *, heartbeat_s: float) -> None:
        self._journal = journal
        self._positions = positions
        self._heartbeat_s = heartbeat_s
        self._stopping = threading.Event()
        self._journal_id = wire.field(_JOURNAL_ID, journal.journal_id.encode())

    def methods(self) -> list[Method]:
        """Return the methods of the service."""
        return [
            ServerStreamMethod(SERVICE, "Subscribe", Pool.FEED, self.subscribe),
            UnaryMethod(SERVICE, "ConfirmPosition", Pool.ADMIN, self.confirm_position),
        ]

    def stop(self) -> None:
        """End all streams; a subscriber comes back to the next server with its position."""
        self._stopping.set()
        self._journal.wake()

    def subscribe(self, request: bytes, call: Call) -> Iterator[bytes]:
        """Give the events after a position, and then new ones until the caller goes."""
        message = parse(event_service_pb2.SubscribeRequest, request)
        self._check(message)
        limit = message.batch_size_max or _BATCH_SIZE
        position = message.after_sequence
        call.on_end(self._journal.wake)

        def ended() -> bool:
            return self._stopping.is_set() or not call.is_active()

        # The first answer comes at once, so that a subscriber knows that it is connected.
        waited = True
        while not ended():
            latest = self._journal.last_sequence
            records = self._fitting(self._journal.read(position, limit))
            if records:
                position = records[-1].sequence
                yield self._response(records, max(latest, position))
                waited = False
                continue
            if waited:
                yield self._response((), latest)
            self._journal.wait(max(position, latest), self._heartbeat_s, ended)
            waited = True
        if self._stopping.is_set():
            raise UnavailableError("the server is stopping", reason="STOPPING")

    def confirm_position(self, request: bytes, _call: Call) -> bytes:
        """Note how far a subscriber is, for retention."""
        message = parse(event_service_pb2.ConfirmPositionRequest, request)
        violations = _length_faults(message, "subscriber", "journal_id", least=1)
        if violations:
            raise invalid(violations)
        self._check_position(message.journal_id, message.sequence, "sequence")
        try:
            self._positions.confirm(message.subscriber, message.sequence)
        except OSError as error:
            raise UnavailableError(
                "the position cannot be stored", reason="POSITIONS_FAILED"
            ) from error
        response = event_service_pb2.ConfirmPositionResponse(
            first_sequence=self._journal.first_sequence
        )
        return response.SerializeToString()

    def _check(self, message: event_service_pb2.SubscribeRequest) -> None:
        violations = _length_faults(message, "journal_id", least=0)
        if message.batch_size_max > BATCH_SIZE_MAX:
            violations.append(
                FieldViolation(
                    "batch_size_max", f"must be 0..{BATCH_SIZE_MAX}, was {message.batch_size_max}"
                )
            )
        if violations:
            raise invalid(violations)
        self._check_position(message.journal_id, message.after_sequence, "after_sequence")
        first_sequence = self._journal.first_sequence
        if message.after_sequence + 1 < first_sequence:
            raise OutOfRangeError(
                f"after_sequence must be at least {first_sequence - 1}, "
                f"was {message.after_sequence}",
                reason="POSITION_DROPPED",
                metadata=self._available(),
            )

    def _check_position(self, journal_id: str, sequence: int, field: str) -> None:
        """Refuse a position of another journal, or one that this one has not reached."""
        journal = self._journal
        if journal_id not in {"", journal.journal_id}:
            raise FailedPreconditionError(
                f"journal_id must be {journal.journal_id}, was {journal_id}",
                reason="JOURNAL_CHANGED",
                metadata=self._available(),
            )
        if sequence > journal.last_sequence:
            raise FailedPreconditionError(
                f"{field} must be at most {journal.last_sequence}, was {sequence}",
                reason="POSITION_UNKNOWN",
                metadata=self._available(),
            )

    def _available(self) -> dict[str, str]:
        return {
            "journal_id": self._journal.journal_id,
            "first_sequence": str(self._journal.first_sequence),
            "latest_sequence": str(self._journal.last_sequence),
        }

    def _fitting(self, records: list[JournalRecord]) -> list[JournalRecord]:
        """Return the first records that fit into one response; one always does."""
        size_bytes = 0
        for index, record in enumerate(records):
            size_bytes += len(record.payload)
            if size_bytes > _RESPONSE_SIZE_BYTES_MAX and index:
                return records[:index]
        return records

    def _response(self, records: Sequence[JournalRecord], latest_sequence: int) -> bytes:
        parts = [wire.field(_EVENTS, record.payload) for record in records]
        parts += (self._journal_id, _LATEST_SEQUENCE, wire.varint(latest_sequence))
        return b"".join(parts)


def _length_faults(message: Message, *fields: str, least: int) -> list[FieldViolation]:
    """Return what is wrong with the lengths of texts, in characters."""
    violations = []
    for field in fields:
        length = len(getattr(message, field))
        if not least <= length <= _TEXT_LENGTH_MAX:
            allowed = f"must be {least}..{_TEXT_LENGTH_MAX} characters, had {length}"
            violations.append(FieldViolation(field, allowed))
    return violations
