"""A limit on requests by client: so many in each window, counted in this process."""

import math
from collections import OrderedDict
from collections.abc import Callable

import msgspec

# Most clients that are remembered; the one that was quiet longest is forgotten first.
_CLIENTS_MAX = 100_000


class Allowance(msgspec.Struct, frozen=True):
    """What a client has left after a request was counted.

    Attributes:
        remaining: requests until the window ends.
        reset_s: whole seconds until then, at least 1.
        refused: this request is one too many.
    """

    requests_max: int
    window_s: int
    remaining: int
    reset_s: int
    refused: bool


class RateLimit:
    """Fixed windows that start with a client's first request."""

    def __init__(
        self, requests_max: int, window_s: float, monotonic_s: Callable[[], float]
    ) -> None:
        self._requests_max = requests_max
        self._window_s = window_s
        self._monotonic_s = monotonic_s
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, client: str) -> Allowance | None:
        """Count a request and return what is left; None where there is no limit."""
        if self._requests_max == 0:
            return None
        now = self._monotonic_s()
        started, count = self._windows.get(client, (now, 0))
        if now - started >= self._window_s:
            started, count = now, 0
        refused = count >= self._requests_max
        if not refused:
            count += 1
            self._windows[client] = (started, count)
            self._windows.move_to_end(client)
            if len(self._windows) > _CLIENTS_MAX:
                self._windows.popitem(last=False)
        return Allowance(
            self._requests_max,
            int(self._window_s),
            self._requests_max - count,
            max(1, math.ceil(started + self._window_s - now)),
            refused,
        )
