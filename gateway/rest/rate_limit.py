"""A limit on requests by caller and kind of request, counted in this process.

A sliding window of two counters: what was sent in the window before counts as far as that still
reaches into the last `window_s` seconds, taken as spread evenly. So no burst of twice the limit
fits around the end of a window, and a caller costs two numbers, where a list of instants would be
as long as the limit. The library `limits` has the same window, but its storage in memory has no
bound and looks through all callers at every request.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec

from gateway.domain.rate import RatePolicy, RouteClass

# Most callers and kinds that are remembered; the one that was quiet longest is forgotten first.
_WINDOWS_MAX = 100_000


class Allowance(msgspec.Struct, frozen=True):
    """What a caller has left after a request was counted.

    Attributes:
        remaining: requests that may follow at once.
        reset_s: whole seconds until there are more, at least 1; of a refused request, until it may
            come again.
        refused: this request is one too many.
    """

    route_class: RouteClass
    policy: RatePolicy
    remaining: int
    reset_s: int
    refused: bool


class _Window(msgspec.Struct):
    started_s: float
    before: int = 0
    count: int = 0

    def advance(self, now_s: float, window_s: int) -> None:
        passed = math.floor((now_s - self.started_s) / window_s)
        if passed:
            self.before = self.count if passed == 1 else 0
            self.count = 0
            self.started_s += passed * window_s


class RateLimit:
    """Sliding windows, one a caller and kind of request."""

    def __init__(
        self, policies: Mapping[RouteClass, RatePolicy], monotonic_s: Callable[[], float]
    ) -> None:
        self._policies = policies
        self._monotonic_s = monotonic_s
        self._windows: OrderedDict[tuple[RouteClass, str], _Window] = OrderedDict()

    def count(self, route_class: RouteClass, caller: str) -> Allowance | None:
        """Count a request and return what is left; None where there is no limit.

        A refused request is not counted, so that who keeps asking gets in as soon as another.
        """
        policy = self._policies[route_class]
        if policy.requests_max == 0:
            return None
        now_s = self._monotonic_s()
        key = (route_class, caller)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(now_s)
            if len(self._windows) > _WINDOWS_MAX:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(key)
        window.advance(now_s, policy.window_s)
        left_s = window.started_s + policy.window_s - now_s
        free = policy.requests_max - window.count - window.before * left_s / policy.window_s
        if free < 1:
            wait_s = max(1, math.ceil(_wait_s(window, policy, left_s)))
            return Allowance(route_class, policy, 0, wait_s, refused=True)
        window.count += 1
        return Allowance(
            route_class, policy, math.floor(free - 1), max(1, math.ceil(left_s)), refused=False
        )


def _wait_s(window: _Window, policy: RatePolicy, left_s: float) -> float:
    """Return in how many seconds one more request fits."""
    room = policy.requests_max - 1
    if window.count <= room:
        # Enough of the window before has to pass out of sight.
        return left_s - policy.window_s * (room - window.count) / window.before
    return left_s + policy.window_s * (1 - room / window.count)
