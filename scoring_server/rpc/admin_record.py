"""What admins asked of the server, one line of JSON a call, only ever added to."""

import json
import os
import threading
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import structlog
from anomaly.v1 import model_service_pb2, rule_service_pb2
from google.protobuf import json_format
from google.protobuf.message import DecodeError

from scoring_server.clock import NS_PER_S, wall_time_ns
from scoring_server.rpc.transport import Call, Method

_log = structlog.get_logger(__name__)


class AdminFile:
    """Adds calls to a file, and to the log. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, method: Method, request: bytes, call: Call, client: str, outcome: str) -> None:
        """Write one call down, on the disk before it is answered.

        A disk that takes no line must not undo what was done; the log has the call then.
        """
        line = {
            "time": datetime.fromtimestamp(wall_time_ns() / NS_PER_S, UTC).isoformat(),
            "client": client,
            "method": method.path,
            "request": _told(method, request),
            "request_id": call.request_id,
            "outcome": outcome,
        }
        _log.info("admin_call", **line)
        try:
            with self._lock, open(self._path, "a", opener=_private) as file:
                file.write(json.dumps(line) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            _log.error("admin_call_not_recorded", fault=str(error))


def _told(method: Method, request: bytes) -> dict[str, object]:
    name = f"{method.name}Request"
    kind = getattr(model_service_pb2, name, None) or getattr(rule_service_pb2, name, None)
    if kind is None:
        return {}
    try:
        told: dict[str, object] = json_format.MessageToDict(
            kind.FromString(request), preserving_proto_field_name=True
        )
    except DecodeError:
        return {}
    if "text" in told:
        # Of rules, which may list ids and be long; the rules' own history keeps what they said.
        told["text_sha256"] = sha256(str(told.pop("text")).encode()).hexdigest()
    return told


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
