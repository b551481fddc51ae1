"""Keeps few of a journal's many files open: each that is read takes up to three descriptors."""

import threading
from collections.abc import Callable
from typing import TypeVar

from scoring_server.journal.faults import Damages
from scoring_server.journal.retention import SegmentFacts
from scoring_server.journal.segment import Segment

_Found = TypeVar("_Found")

# Chosen by us: all that is read again and again, and far below the 1,024 files that a process has.
_OPEN_MAX = 32


class OpenReaders:
    """Closes the readers of segments that were not read lately; the next read opens one again.

    Args:
        damages: takes note of what cannot be read.
    """

    def __init__(self, damages: Damages) -> None:
        self._damages = damages
        self._lock = threading.Lock()
        # Longest unread first.
        self._recent: dict[Segment, None] = {}

    def used(self, segment: Segment) -> None:
        """Note that a segment was read."""
        with self._lock:
            self._recent.pop(segment, None)
            self._recent[segment] = None
            if len(self._recent) <= _OPEN_MAX:
                return
            unread = next(iter(self._recent))
            del self._recent[unread]
        unread.close_reader()

    def read_from(
        self, segment: Segment, read: Callable[[Segment], _Found], otherwise: _Found
    ) -> _Found:
        """Read from a segment; see Damages.guarded."""
        try:
            return self._damages.guarded(segment, read, otherwise)
        finally:
            self.used(segment)

    def facts(self, segment: Segment) -> SegmentFacts:
        """Return what retention needs to know of a segment."""
        try:
            return segment.facts()
        finally:
            self.used(segment)
