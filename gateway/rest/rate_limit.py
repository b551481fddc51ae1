"""A limit on requests by client: so many in each window, counted in this process."""

import math
from collections import OrderedDict
from collections.abc import Callable

# Most clients that are remembered; the one that was quiet longest is forgotten first.
_CLIENTS_MAX = 100_000


class RateLimit:
    """Fixed windows that start with a client's first request."""

    def __init__(
        self, requests_max: int, window_s: float, monotonic_s: Callable[[], float]
    ) -> None:
        self._requests_max = requests_max
        self._window_s = window_s
        self._monotonic_s = monotonic_s
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def refused_for_s(self, client: str) -> int:
        """Count a request.

        Return 0 when it may pass, otherwise after how many whole seconds to come back.
        """
        if self._requests_max == 0:
            return 0
        now = self._monotonic_s()
        started, count = self._windows.get(client, (now, 0))
        if now - started >= self._window_s:
            started, count = now, 0
        if count >= self._requests_max:
            return max(1, math.ceil(started + self._window_s - now))
        self._windows[client] = (started, count + 1)
        self._windows.move_to_end(client)
        if len(self._windows) > _CLIENTS_MAX:
            self._windows.popitem(last=False)
        return 0
