"""Writes what waits for room on the disk once there is some, also when nobody calls.

With several workers the feed waits for the events of each, and all labels for the one that could
not note its own; the next call may well go to another.
"""

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog

from scoring_server.errors import ScoringError

_log = structlog.get_logger(__name__)

_INTERVAL_S = 1.0


class Behind(Protocol):
    """What may have to wait."""

    @property
    def is_behind(self) -> bool:
        """Whether something waits."""

    def settle(self) -> bool:
        """Write it; return whether there was something. Raises ScoringError while it cannot."""


class Settler:
    """A thread that tries again every second.

    Args:
        parts: in the order in which they are written.
    """

    def __init__(self, parts: Sequence[Behind]) -> None:
        self._parts = parts
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Try once more, and end."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stopped.wait(_INTERVAL_S)
            for part in self._parts:
                self._settle(part)

    def _settle(self, part: Behind) -> None:
        # Also for an instant in the middle of a call, which is over once it is our turn.
        if not part.is_behind:
            return
        try:
            if part.settle():
                _log.info("written_late", part=type(part).__name__)
        except ScoringError as error:
            _log.warning("disk_awaited", reason=error.reason, fault=error.message)
