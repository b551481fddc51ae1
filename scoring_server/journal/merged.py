"""The journals of all workers as one, in the order of their events."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.faults import Damages
from scoring_server.journal.follower import JournalFollower
from scoring_server.journal.journal import JournalBlock, JournalRecord
from scoring_server.journal.retention import Retention

# How soon an event of another worker is seen; that one tells nobody. Chosen by us.
_LOOK_S = 0.005


class Part(Protocol):
    """What is asked of each worker's journal."""

    @property
    def first_sequence(self) -> int:
        """Oldest sequence kept; 0 when nothing is."""

    @property
    def dropped_until(self) -> int:
        """Newest sequence that retention has taken."""

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first."""


def worker_directories(directory: Path) -> list[Path]:
    """Return the directories of the workers that ever wrote an installation's journal."""
    found = directory.glob("worker-*")
    return sorted(found, key=lambda path: int(path.name.removeprefix("worker-")))


def first_of(parts: Iterable[Part]) -> int:
    """Return the first sequence from which on nothing was dropped; 0 when nothing is kept."""
    listed = list(parts)
    firsts = [part.first_sequence for part in listed if part.first_sequence]
    dropped = max((part.dropped_until for part in listed), default=0)
    return max(min(firsts), dropped + 1) if firsts else 0


def merged_read(
    parts: Sequence[Part], after_sequence: int, limit: int, until: int
) -> list[JournalRecord]:
    """Return at most `limit` records of all parts in (after_sequence, until], oldest first."""
    if until <= after_sequence:
        return []
    records = [record for part in parts for record in part.read(after_sequence, limit)]
    if len(parts) > 1:
        records.sort(key=lambda record: record.sequence)
    return [record for record in records[:limit] if record.sequence <= until]


class MergedJournal:
    """The journal that one process writes, with all that others wrote or write.

    Args:
        own: what this process appends to.
        settled: gives a sequence up to which every event is in a journal; None when nobody else
            writes.
        given: sequence up to which numbers were given; an event may be missing by damage.

    Attributes:
        own: the journal that this process appends to.
        others_sequence: newest sequence of the others when it was opened.
    """

    def __init__(
        self, own: EmbeddedJournal, settled: Callable[[], int] | None = None, *, given: int = 0
    ) -> None:
        self.own = own
        self._damages = Damages()
        self._others = [
            JournalFollower(each, self._damages)
            for each in worker_directories(own.directory.parent)
            if each != own.directory
        ]
        self._parts: list[Part] = [own, *self._others]
        self.others_sequence = max((each.last_sequence for each in self._others), default=0)
        self._before = max(given, self.others_sequence)
        self._settled = settled

    @property
    def journal_id(self) -> str:
        """Identity of the installation's journal."""
        return self.own.journal_id

    @property
    def first_sequence(self) -> int:
        """Sequence from which on nothing was dropped; 0 when nothing is kept."""
        return first_of(self._parts)

    @property
    def last_sequence(self) -> int:
        """Newest sequence that can be read, with all before it."""
        if self._settled is not None:
            return self._settled()
        return max(self.own.last_sequence, self._before)

    @property
    def damaged_segments(self) -> tuple[str, ...]:
        """Names of the segments that could not be read since the start."""
        return (*self.own.damaged_segments, *self._damages.names)

    def append(self, records: Sequence[JournalRecord]) -> None:
        """Keep all records or none; see the Journal protocol for what is promised and raised."""
        self.own.append(records)

    def append_block(self, block: JournalBlock) -> None:
        """Keep a whole block or nothing of it; see the Journal protocol."""
        self.own.append_block(block)

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first."""
        return merged_read(self._parts, after_sequence, limit, self.last_sequence)

    def get(self, sequence: int) -> JournalRecord | None:
        """Return the record of one sequence."""
        found = self.own.get(sequence)
        for other in self._others:
            found = found or other.get(sequence)
        return found

    def find(self, transaction_key: int) -> JournalRecord | None:
        """Return the newest transaction record of a key."""
        found = [self.own.find(transaction_key)]
        found += [other.find(transaction_key) for other in self._others]
        return max(filter(None, found), key=lambda record: record.sequence, default=None)

    def wait(
        self, after_sequence: int, timeout_s: float, stopped: Callable[[], bool] = lambda: False
    ) -> bool:
        """Wait until there is a record after a position; False when there is none by the end."""
        if self._settled is None:
            return self.own.wait(after_sequence, timeout_s, stopped)
        deadline_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
        while self.last_sequence <= after_sequence:
            left_s = (deadline_ns - monotonic_ns()) / NS_PER_S
            if left_s <= 0 or stopped() or self.own.is_closed:
                return False
            # Its own events are not told sooner: they count once they are settled.
            self.own.wait(self.own.last_sequence, min(left_s, _LOOK_S), stopped)
        return True

    def wake(self) -> None:
        """Make every waiter ask its `stopped` again."""
        self.own.wake()

    def drop(self, retention: Retention, needed_after: int, now_ns: int) -> int:
        """Remove the oldest files of this process that nobody needs; see EmbeddedJournal."""
        return self.own.drop(retention, needed_after, now_ns)

    def close(self) -> None:
        """Close all of it."""
        self.own.close()
        for other in self._others:
            other.close()
