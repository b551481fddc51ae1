from gateway.rest.rate_limit import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def told(limit: RateLimit, client: str) -> tuple[bool, int, int]:
    allowance = limit.count(client)
    assert allowance is not None
    assert (allowance.requests_max, allowance.window_s) == (2, 60)
    return allowance.refused, allowance.remaining, allowance.reset_s


def test_client_is_refused_until_its_window_ends() -> None:
    clock = Clock()
    limit = RateLimit(2, 60, clock)
    assert [told(limit, "a") for _ in range(3)] == [(False, 1, 60), (False, 0, 60), (True, 0, 60)]
    assert told(limit, "b") == (False, 1, 60)
    clock.now_s += 59.5
    assert told(limit, "a") == (True, 0, 1)
    clock.now_s += 0.5
    assert told(limit, "a") == (False, 1, 60)


def test_zero_means_no_limit() -> None:
    limit = RateLimit(0, 60, Clock())
    assert [limit.count("a") for _ in range(1000)] == [None] * 1000
