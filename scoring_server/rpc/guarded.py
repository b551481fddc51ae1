"""Methods that ask who calls, put in the place of those that do not.

Without clients in the configuration only what admins do is wrapped, to be recorded; the hot path
has not even a branch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from scoring_server.errors import PermissionDeniedError, ScoringError
from scoring_server.rpc.clients import Client, Clients, Permission
from scoring_server.rpc.transport import (
    BlockBehavior,
    Call,
    Method,
    ServerStreamMethod,
    StreamMethod,
    UnaryMethod,
)

_PACKAGE = "anomaly.v1."
_PERMISSIONS = {
    "anomaly.v1.ScoringService": Permission.SCORE,
    "anomaly.v1.LabelService": Permission.LABEL,
    "anomaly.v1.EventService": Permission.FEED,
    # Who may read all events may read what proves and explains them.
    "anomaly.v1.ReceiptService": Permission.FEED,
}
# Which models are held is no secret among clients.
_FOR_ALL = {"/anomaly.v1.ModelService/ListModels"}
# For admins, as who knows the rules knows how to pass them; no change, so not recorded.
_LOOKING = {f"/anomaly.v1.RuleService/{name}Rules" for name in ("Get", "Check", "Backtest")}


class AdminRecord(Protocol):
    """Where calls of admins are written down; see rpc/admin_record.py."""

    def add(self, method: Method, request: bytes, call: Call, client: str, outcome: str) -> None:
        """Write one call down, after it ended."""


def needed(method: Method) -> Permission | None:
    """Return what a method of ours asks of its caller; None where any client will do."""
    if method.path in _FOR_ALL:
        return None
    return _PERMISSIONS.get(method.service, Permission.ADMIN)


def guarded(
    methods: Sequence[Method], clients: Clients | None, record: AdminRecord
) -> list[Method]:
    """Return the methods; ours ask for a client with permission where there are clients."""
    return [
        _guarded(method, clients, record) if method.service.startswith(_PACKAGE) else method
        for method in methods
    ]


def _guarded(method: Method, clients: Clients | None, record: AdminRecord) -> Method:
    permission = needed(method)

    def allow(call: Call) -> str:
        if clients is None:
            return ""
        client = clients.client_of(call.authorization)
        if permission is not None and permission not in client.permissions:
            raise _denied(client, method, permission)
        return client.name

    is_change = permission is Permission.ADMIN and method.path not in _LOOKING
    if is_change and isinstance(method, UnaryMethod):
        return _recorded(method, allow, record)
    if clients is None:
        return method
    return _asking(method, allow)


def _asking(method: Method, allow: Callable[[Call], str]) -> Method:
    if isinstance(method, UnaryMethod):
        answer, answer_block = method.behavior, method.block_behavior

        def unary(request: bytes, call: Call) -> bytes:
            allow(call)
            return answer(request, call)

        block = None if answer_block is None else _asking_block(answer_block, allow)
        return replace(method, behavior=unary, block_behavior=block)
    if isinstance(method, ServerStreamMethod):
        stream = method.behavior

        def server_stream(request: bytes, call: Call) -> Iterator[bytes]:
            allow(call)
            return stream(request, call)

        return replace(method, behavior=server_stream)
    assert isinstance(method, StreamMethod)
    exchange = method.behavior

    def both_streams(requests: Iterator[bytes], call: Call) -> Iterator[bytes]:
        allow(call)
        return exchange(requests, call)

    return replace(method, behavior=both_streams)


def _asking_block(answer_block: BlockBehavior, allow: Callable[[Call], str]) -> BlockBehavior:
    def refusal(call: Call) -> ScoringError | None:
        try:
            allow(call)
        except ScoringError as error:
            return error
        return None

    def block(requests: Sequence[bytes], calls: Sequence[Call]) -> list[bytes | ScoringError]:
        refusals = [refusal(call) for call in calls]
        if not any(refusals):
            return answer_block(requests, calls)
        allowed = [index for index, each in enumerate(refusals) if each is None]
        answers = iter(
            answer_block(
                [requests[index] for index in allowed], [calls[index] for index in allowed]
            )
            if allowed
            else ()
        )
        return [next(answers) if each is None else each for each in refusals]

    return block


def _recorded(
    method: UnaryMethod, allow: Callable[[Call], str], record: AdminRecord
) -> UnaryMethod:
    answer = method.behavior

    def unary(request: bytes, call: Call) -> bytes:
        client, outcome = "", "INTERNAL"
        try:
            client = allow(call)
            response = answer(request, call)
            outcome = "OK"
        except ScoringError as error:
            client, outcome = error.metadata.get("client", client), error.reason
            raise
        finally:
            record.add(method, request, call, client, outcome)
        return response

    return replace(method, behavior=unary)


def _denied(client: Client, method: Method, permission: Permission) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"{method.name} needs the permission {permission.value}, {client.name} has not",
        reason="PERMISSION_MISSING",
        metadata={"client": client.name, "permission": permission.value},
    )
