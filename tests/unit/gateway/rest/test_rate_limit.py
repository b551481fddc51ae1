import hypothesis.strategies as st
from hypothesis import given

from gateway.domain.rate import RatePolicy, RouteClass, policies
from gateway.rest import rate_limit
from gateway.rest.known_callers import KnownCallers
from gateway.rest.rate_limit import Allowance, RateLimit

READING = RouteClass.READING


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def limit_of(requests_max: int, window_s: int, clock: Clock) -> RateLimit:
    return RateLimit(policies(RatePolicy(requests_max, window_s), {}), clock)


def count(limit: RateLimit, caller: str, kind: RouteClass = READING) -> Allowance:
    allowance = limit.count(kind, caller)
    assert allowance is not None
    return allowance


def told(limit: RateLimit, caller: str) -> tuple[bool, int, int]:
    allowance = count(limit, caller)
    assert allowance.policy == (2, 60)
    return allowance.refused, allowance.remaining, allowance.reset_s


def test_caller_is_refused_until_what_he_sent_slides_out() -> None:
    clock = Clock()
    limit = limit_of(2, 60, clock)
    assert [told(limit, "a") for _ in range(2)] == [(False, 1, 60), (False, 0, 60)]
    # Half of the two have slid out thirty seconds into the next window.
    assert told(limit, "a") == (True, 0, 90)
    assert told(limit, "b") == (False, 1, 60)
    clock.now_s += 89.5
    assert told(limit, "a") == (True, 0, 1)
    clock.now_s += 0.5
    assert told(limit, "a") == (False, 0, 30)
    clock.now_s += 180
    assert told(limit, "a")[:2] == (False, 1)


def test_kinds_are_counted_apart_with_their_own_limits() -> None:
    own = {RouteClass.LOGIN: RatePolicy(1, 10), RouteClass.LIVE: RatePolicy(0, 10)}
    limit = RateLimit(policies(RatePolicy(3, 60), own), Clock())
    assert [count(limit, "a", RouteClass.LOGIN).refused for _ in range(2)] == [False, True]
    assert [count(limit, "a", RouteClass.WRITING).refused for _ in range(4)] == [False] * 3 + [True]
    assert not count(limit, "a").refused
    assert limit.count(RouteClass.LIVE, "a") is None


def test_zero_means_no_limit() -> None:
    limit = limit_of(0, 60, Clock())
    assert [limit.count(READING, "a") for _ in range(1000)] == [None] * 1000


@given(
    st.integers(1, 20),
    st.integers(1, 60),
    st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=80),
)
def test_promise_of_a_refusal_holds_and_bursts_stay_below_the_limit(
    requests_max: int, window_s: int, pauses_s: list[float]
) -> None:
    clock = Clock()
    limit = limit_of(requests_max, window_s, clock)
    passed: list[float] = []
    for pause_s in pauses_s:
        clock.now_s += pause_s
        allowance = count(limit, "a")
        if allowance.refused:
            assert allowance.remaining == 0
            clock.now_s += allowance.reset_s
            assert not count(limit, "a").refused
        else:
            # What is left may be used at once, and no more than that.
            for _ in range(allowance.remaining):
                assert not count(limit, "a").refused
            assert count(limit, "a").refused
            passed += [clock.now_s] * allowance.remaining
        passed.append(clock.now_s)
        assert passed.count(clock.now_s) <= requests_max


@given(st.integers(4, 50), st.integers(1, 60))
def test_steady_sender_below_the_limit_is_never_refused(requests_max: int, window_s: int) -> None:
    clock = Clock()
    limit = limit_of(requests_max, window_s, clock)
    # One for the fence post of each of the two counters, one for the request itself.
    pause_s = window_s / (requests_max - 3)
    for _ in range(5 * requests_max):
        assert not count(limit, "a").refused
        clock.now_s += pause_s


def test_memory_is_bounded_and_the_quietest_is_forgotten() -> None:
    limit = limit_of(2, 60, Clock())
    many = rate_limit._WINDOWS_MAX
    count(limit, "first")
    for number in range(many):
        count(limit, str(number))
    assert len(limit._windows) == many
    assert (READING, "first") not in limit._windows
    assert count(limit, str(many - 1)).remaining == 0


def test_only_accepted_headers_name_a_caller() -> None:
    known = KnownCallers()
    assert known.caller(b"") == ""
    assert known.caller(b"Bearer forged") == ""
    known.accepted(b"Bearer good", "usr_1")
    assert known.caller(b"Bearer good") == "usr_1"
    assert known.caller(b"Bearer goods") == ""
    known.refused(b"Bearer good")
    assert known.caller(b"Bearer good") == ""
    for number in range(10_001):
        known.accepted(str(number).encode(), "usr_2")
    assert known.caller(b"0") == ""
    assert known.caller(b"10000") == "usr_2"
