"""The loop: one thread that waits for the events of gRPC core and goes on with each."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import grpc
import structlog

from scoring_server.rpc import core_server
from scoring_server.rpc.core_server import CoreServer
from scoring_server.rpc.serving import Listen
from scoring_server.rpc.status import status_of

# Events taken before work that is ready is done, so that a flood of refusals cannot stop the work.
# Chosen by us: ten times what a full block brings.
_EVENTS_MAX = 1_024
# Polls in a row without an event before the work begins. One poll reads one connection, and may end
# before what it read has become an event; so the first empty one does not mean that nothing waits.
# Measured with 8 connections of 4 calls each in flight: blocks of 4 without, of up to 32 with it.
_EMPTY_POLLS_MAX = 2
# Longest time from the cancellation of all calls to the end of the loop. Chosen by us.
_END_S = 10.0

_log = structlog.get_logger(__name__)


def status_parts(error: BaseException) -> tuple[int, str, bytes]:
    """Return code, message and serialised details of an error's status."""
    status = status_of(error)
    return status.code, status.message, status.SerializeToString()


class On:
    """A tag that calls a function with its event."""

    __slots__ = ("take",)

    def __init__(self, take: Callable[[Any], None]) -> None:
        self.take = take


class Arrival:
    """Requests the calls of one method and takes each on as it arrives.

    Args:
        path: of the method; empty stands for all that nobody else requests.
        slots: calls requested at once; more wait inside gRPC core.
    """

    no_request = (
        grpc.StatusCode.UNIMPLEMENTED.value[0],
        "the method requires exactly one request message",
        b"",
    )

    def __init__(self, loop: "Loop", path: str, slots: int) -> None:
        self.loop = loop
        self.path = path
        self._slots = slots

    def open(self) -> None:
        """Request the first calls."""
        for _ in range(self._slots):
            self.loop.request(self)

    def take(self, event: Any) -> None:
        """Take a call on and request the next; without success the server shuts down."""
        self.loop.returned()
        if event.success:
            self.loop.request(self)
            self.loop.began()
            self.arrived(event)

    def arrived(self, event: Any) -> None:
        """Take a call on."""
        raise NotImplementedError


class Unknown(Arrival):
    """Refuses the calls of methods that the server does not have."""

    _refusal = (grpc.StatusCode.UNIMPLEMENTED.value[0], "Method not found!", b"")

    def arrived(self, event: Any) -> None:
        """Refuse a call."""
        core_server.refuse(event.call, *self._refusal, On(self._ended))

    def _ended(self, _event: Any) -> None:
        self.loop.ended()


class Loop:
    """Runs a core server in a thread of its own, from `start` to `stop`.

    Args:
        work: does what is ready; called when no event is ready or many were taken. It says whether
            more is left to do.
        is_full: asked after each event whether more is ready than `work` does at once.
    """

    def __init__(
        self,
        options: Sequence[tuple[str, int]],
        work: Callable[[], bool],
        is_full: Callable[[], bool],
    ) -> None:
        self._options = options
        self._work = work
        self._is_full = is_full
        self._core: CoreServer | None = None
        self._thread = threading.Thread(target=self._run, name="scoring-loop", daemon=True)
        self._requested = 0
        self._in_flight = 0
        self._is_shut_down = False
        self._stopped = threading.Event()

    def start(self, listen: Listen, arrivals: Iterable[Arrival]) -> int:
        """Listen and begin to answer; return the port.

        Raises:
            ConfigurationError: the port cannot be listened on.
        """
        arrivals = list(arrivals)
        core = CoreServer(self._options, [arrival.path for arrival in arrivals if arrival.path])
        port = core.listen(listen)
        core.start()
        self._core = core
        for arrival in arrivals:
            arrival.open()
        self._thread.start()
        return port

    def refuse_new(self) -> None:
        """Refuse new calls from now on."""
        assert self._core is not None
        self._core.shut_down(On(self._shut_down))

    def stop(self, grace_s: float) -> None:
        """After `refuse_new`: wait for calls in flight, and cancel after a time what is left."""
        assert self._core is not None
        if not self._stopped.wait(grace_s):
            self._core.cancel_all_calls()
        if self._stopped.wait(_END_S):
            self._thread.join()
            self._core.destroy()
        else:
            # To destroy what is in use would abort the process; it ends soon in any case.
            _log.error("loop_does_not_end", in_flight=self._in_flight, requested=self._requested)

    def request(self, arrival: Arrival) -> None:
        """Request one call."""
        assert self._core is not None
        try:
            if arrival.path:
                self._core.request(arrival.path, arrival)
            else:
                self._core.request_any(arrival)
        except ValueError:
            # The server shuts down, so no further call comes.
            return
        self._requested += 1

    def returned(self) -> None:
        """Note that a requested call came, or came back without one."""
        self._requested -= 1

    def began(self) -> None:
        """Note that a call was taken on."""
        self._in_flight += 1

    def ended(self) -> None:
        """Note that nothing more will come of a call."""
        self._in_flight -= 1

    def _shut_down(self, _event: Any) -> None:
        self._is_shut_down = True

    def _run(self) -> None:
        assert self._core is not None
        wait, poll, work = self._core.wait, self._core.poll, self._work
        is_full = self._is_full
        event: Any = None
        more = False
        while not (self._is_shut_down and self._requested == 0 and self._in_flight == 0):
            event = poll() if more else wait()
            empty = taken = 0
            while True:
                if event is not None:
                    empty = 0
                    taken += 1
                    try:
                        event.tag.take(event)
                    except Exception:  # noqa: BLE001 - a fault of ours costs its call, not the loop
                        _log.exception("loop_fault")
                elif empty == _EMPTY_POLLS_MAX:
                    break
                else:
                    empty += 1
                # Let go before the next, as gRPC core wants it.
                event = None
                if taken == _EVENTS_MAX or is_full():
                    # Before the next is asked for: an event that is not taken is lost, and its call
                    # is never answered.
                    break
                event = poll()
            event = None
            try:
                more = work()
            except Exception:  # noqa: BLE001 - as above
                _log.exception("loop_fault")
                more = True
        self._stopped.set()
