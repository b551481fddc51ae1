"""Which files of the journal may go: decided from what is known, before anything is removed."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from scoring_server.durable_file import write_durably

DROPPED_FILE = "dropped_until"
_NS_PER_DAY = 86_400 * 1_000_000_000


class SegmentFacts(Struct, frozen=True):
    """What retention knows of a sealed segment.

    Attributes:
        last_sequence: of its newest event.
        newest_time_ns: when that was taken in, nanoseconds since the Unix epoch.
        size_bytes: on the disk.
    """

    last_sequence: int
    newest_time_ns: int
    size_bytes: int


class Retention(Struct, frozen=True):
    """What should be kept; 0 sets no limit, and both 0 keep everything."""

    days: int = 0
    size_bytes: int = 0

    @property
    def keeps_all(self) -> bool:
        """Whether nothing is ever dropped."""
        return self.days == 0 and self.size_bytes == 0


def droppable(
    segments: Sequence[SegmentFacts], retention: Retention, needed_after: int, now_ns: int
) -> int:
    """Return how many of the oldest segments are beyond a limit and needed by nobody.

    Args:
        segments: sealed ones, oldest first.
        retention: the limits.
        needed_after: events after this sequence are still needed.
        now_ns: nanoseconds since the Unix epoch.
    """
    total = sum(segment.size_bytes for segment in segments)
    count = 0
    for segment in segments:
        too_old = retention.days and now_ns - segment.newest_time_ns > retention.days * _NS_PER_DAY
        too_much = retention.size_bytes and total > retention.size_bytes
        if segment.last_sequence > needed_after or not (too_old or too_much):
            break
        total -= segment.size_bytes
        count += 1
    return count


def read_dropped(directory: Path) -> int:
    """Return the newest sequence that retention has taken from a worker's directory; 0 for none."""
    try:
        return int((directory / DROPPED_FILE).read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def write_dropped(directory: Path, sequence: int) -> None:
    """Note the newest sequence that is about to be dropped."""
    write_durably(directory / DROPPED_FILE, f"{sequence}\n".encode("ascii"))
