from dataclasses import dataclass

import pytest

from scoring_server.errors import DeadlineExceededError, UnavailableError
from scoring_server.rpc.serving import IdleCalls, Listen, refuse_expired


@dataclass
class GivenCall:
    """A call whose deadline and caller are what a test says."""

    remaining_s: float | None = None
    active: bool = True
    request_id: str = ""

    def is_active(self) -> bool:
        return self.active

    def time_remaining_s(self) -> float | None:
        return self.remaining_s

    def on_end(self, callback) -> None:
        raise NotImplementedError


class CountingCall:
    """A call that counts how often it was cancelled."""

    def __init__(self) -> None:
        self.cancel_count = 0

    def cancel(self) -> None:
        self.cancel_count += 1


@pytest.mark.parametrize("call", [GivenCall(0.0), GivenCall(-3.0), GivenCall(active=False)])
def test_call_whose_caller_is_gone_is_refused(call):
    with pytest.raises(DeadlineExceededError):
        refuse_expired(call)


@pytest.mark.parametrize("call", [GivenCall(None), GivenCall(0.001)])
def test_call_with_time_left_is_begun(call):
    refuse_expired(call)


def test_drain_cancels_only_what_waits():
    idle, waiting, working = IdleCalls(), CountingCall(), CountingCall()

    def drains():
        yield b"one"
        idle.drain()
        yield b"two"

    requests = idle.watch(iter([b"a", b"b"]), working)
    next(requests)
    watched = idle.watch(drains(), waiting)
    assert next(watched) == b"one"
    assert next(watched) == b"two"
    assert (waiting.cancel_count, working.cancel_count) == (1, 0)
    with pytest.raises(UnavailableError):
        next(requests)


def test_address_of_ipv6_is_bracketed():
    assert Listen("::1", 5).address == "[::1]:5"
    assert Listen("127.0.0.1", 5).address == "127.0.0.1:5"
