from gateway.rest.rate_limit import RateLimit


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_client_is_refused_until_its_window_ends() -> None:
    clock = Clock()
    limit = RateLimit(2, 60, clock)
    assert [limit.refused_for_s("a") for _ in range(3)] == [0, 0, 60]
    assert limit.refused_for_s("b") == 0
    clock.now_s += 59.5
    assert limit.refused_for_s("a") == 1
    clock.now_s += 0.5
    assert limit.refused_for_s("a") == 0


def test_zero_means_no_limit() -> None:
    limit = RateLimit(0, 60, Clock())
    assert [limit.refused_for_s("a") for _ in range(1000)] == [0] * 1000
