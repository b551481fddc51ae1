"""Every use of grpcio's private interface, grpc._cython.cygrpc: a server on a completion queue.

The interface is not promised to anybody, so grpcio is pinned to one minor version, and nothing else
in the project imports it. What it expects of its users, found out the hard way or read in its
source:

- Operation objects carry memory of one batch: using one in two batches aborts the process.
- A tag is kept alive by the batch that it was given to and comes back with the batch's event, once.
- An event must be let go before the next is waited for: it may hold the last reference to a call.
- Batches may be started in any thread; the events of all come to the thread that polls.
- After a shutdown each requested call comes back without success, and only when no call is left
  does the shutdown itself come back; before that the server must not be destroyed.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined] # private, so without stubs

from scoring_server.rpc.serving import Listen, address_in_use

# The minor version that all of this was written and tested with.
GRPCIO_VERSION = "1.85."

Metadata = tuple[tuple[str, str | bytes], ...]

_DETAILS_KEY = "grpc-status-details-bin"
_NO_FLAGS = 0
_OK = 0
_ReceiveClose = cygrpc.ReceiveCloseOnServerOperation
_ReceiveMessage = cygrpc.ReceiveMessageOperation
_SendInitialMetadata = cygrpc.SendInitialMetadataOperation
_SendMessage = cygrpc.SendMessageOperation
_SendStatus = cygrpc.SendStatusFromServerOperation
# Operations without content of a call, so that all calls can share them: nothing is stored in the
# first two, and what is stored in the last nobody reads.
_NO_METADATA = _SendInitialMetadata(None, _NO_FLAGS)
_GOOD_END = _SendStatus(None, _OK, b"", _NO_FLAGS)
_ANY_CLOSE = _ReceiveClose(_NO_FLAGS)
_TIMEOUT = cygrpc.CompletionType.queue_timeout


class Tag(Protocol):
    """What an event comes back with."""

    def take(self, event: Any) -> None:
        """Go on with what the event tells; called in the thread of the loop."""


def is_supported() -> bool:
    """Say whether grpcio is the version that this module was written for."""
    return grpc.__version__.startswith(GRPCIO_VERSION)


class CoreServer:
    """A server of gRPC core whose events all come from one queue.

    Args:
        options: channel arguments.
        paths: of the methods that calls are requested for one by one; `request_any` serves others.
    """

    def __init__(self, options: Sequence[tuple[str, int]], paths: Iterable[str]) -> None:
        self._queue = cygrpc.CompletionQueue()
        self._server = cygrpc.Server([(name.encode(), value) for name, value in options], False)
        self._server.register_completion_queue(self._queue)
        for path in paths:
            self._server.register_method(path)

    def listen(self, listen: Listen) -> int:
        """Take the port; return its number.

        Raises:
            ConfigurationError: it cannot be listened on.
        """
        arguments: list[Any] = [listen.address.encode()]
        if listen.credentials is not None:
            # As grpc.server does.
            credentials: Any = listen.credentials
            arguments.append(credentials._credentials)  # noqa: SLF001 - see above
        try:
            port: int = self._server.add_http2_port(*arguments)
        except RuntimeError as error:
            raise address_in_use(listen, error) from error
        if port == 0:
            raise address_in_use(listen, "see gRPC's own message above")
        return port

    def start(self) -> None:
        """Begin to accept connections."""
        self._server.start()

    def request(self, path: str, tag: Tag) -> None:
        """Ask for one call of a registered method; its event is a call's arrival.

        Raises:
            ValueError: the server shuts down.
        """
        self._server.request_registered_call(self._queue, self._queue, path, tag)

    def request_any(self, tag: Tag) -> None:
        """Ask for one call of any other method.

        Raises:
            ValueError: the server shuts down.
        """
        self._server.request_call(self._queue, self._queue, tag)

    def wait(self) -> Any:
        """Return the next event."""
        return self._queue.poll(None)

    def poll(self) -> Any | None:
        """Return an event that is ready; None when there is none."""
        event = self._queue.poll(0)
        return None if event.completion_type == _TIMEOUT else event

    def shut_down(self, tag: Tag) -> None:
        """Refuse new calls; the tag comes back when no call is left."""
        self._server.shutdown(self._queue, tag)

    def cancel_all_calls(self) -> None:
        """Cancel what is in flight, after a shutdown."""
        self._server.cancel_all_calls()

    def destroy(self) -> None:
        """Free everything, after the tag of the shutdown has come back."""
        self._server.destroy()
        self._queue.shutdown()


def receive_message(call: Any, tag: Tag) -> None:
    """Ask for the caller's next message; `message_of` its event tells it."""
    _start(call, (_ReceiveMessage(_NO_FLAGS),), tag)


def message_of(event: Any) -> bytes | None:
    """Return the message of an event of `receive_message`; None when none will come any more."""
    message: bytes | None = event.batch_operations[0].message()
    return message


def watch_close(call: Any, tag: Tag) -> None:
    """Ask to be told when the call ends, however it ends: `is_cancelled` its event tells how."""
    _start(call, (_ReceiveClose(_NO_FLAGS),), tag)


def is_cancelled(event: Any) -> bool:
    """Say whether an event whose last operation is the close tells of a cancelled call."""
    cancelled: bool = event.batch_operations[-1].cancelled()
    return cancelled


def respond(call: Any, message: bytes, tag: Tag) -> None:
    """Answer a unary call that nobody watches, in one batch; the event comes at its end."""
    _start(call, (_NO_METADATA, _SendMessage(message, _NO_FLAGS), _GOOD_END, _ANY_CLOSE), tag)


def refuse(call: Any, code: int, message: str, details: bytes, tag: Tag) -> None:
    """End a call that nobody watches with an error, in one batch; the event comes at its end.

    The details are a serialised google.rpc.Status; empty sends none.
    """
    _start(
        call,
        (
            _SendInitialMetadata(None, _NO_FLAGS),
            _SendStatus(_trailing(details), code, message.encode(), _NO_FLAGS),
            _ReceiveClose(_NO_FLAGS),
        ),
        tag,
    )


def send(call: Any, message: bytes, tag: Tag, *, first: bool) -> None:
    """Send a message; the event comes when there is room for the next."""
    operation = _SendMessage(message, _NO_FLAGS)
    if first:
        _start(call, (_SendInitialMetadata(None, _NO_FLAGS), operation), tag)
    else:
        _start(call, (operation,), tag)


def finish(
    call: Any, code: int, message: str, details: bytes, tag: Tag, *, first: bool, last: bytes | None
) -> None:
    """End a call that is watched.

    The details are a serialised google.rpc.Status; empty sends none. `first` says that nothing was
    sent before; `last` is a message to send along.
    """
    operations: list[Any] = [_SendInitialMetadata(None, _NO_FLAGS)] if first else []
    if last is not None:
        operations.append(_SendMessage(last, _NO_FLAGS))
    operations.append(_SendStatus(_trailing(details), code, message.encode(), _NO_FLAGS))
    _start(call, tuple(operations), tag)


def _trailing(details: bytes) -> Metadata | None:
    return ((_DETAILS_KEY, details),) if details else None


def _start(call: Any, operations: tuple[Any, ...], tag: Tag) -> None:
    if call.start_server_batch(operations, tag):
        # Only a batch that breaks the rules of core is refused here; its event never comes.
        raise RuntimeError("gRPC core refused a batch of operations")
