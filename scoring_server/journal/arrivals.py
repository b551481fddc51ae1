"""Waiting for events that are appended in this process."""

import threading
from collections.abc import Callable


class Arrivals:
    """Tells those who wait. Threads may share it.

    Args:
        last_sequence: gives the newest event.
    """

    def __init__(self, last_sequence: Callable[[], int]) -> None:
        self._last_sequence = last_sequence
        self._changed = threading.Condition()
        self._waiting = 0
        self._closed = False

    def came(self) -> None:
        """Take notice of an event."""
        # Nobody waits while the feed is idle; then the lock is not worth its price.
        if self._waiting:
            self.wake()

    def wake(self) -> None:
        """Make every waiter ask its `stopped` again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """End all waiting."""
        self._closed = True
        self.wake()

    def wait(self, after_sequence: int, timeout_s: float, stopped: Callable[[], bool]) -> bool:
        """Wait until there is an event after a position; False when there is none by the end."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(
                    lambda: self._last_sequence() > after_sequence or self._closed or stopped(),
                    timeout_s,
                )
            finally:
                self._waiting -= 1
        return self._last_sequence() > after_sequence
