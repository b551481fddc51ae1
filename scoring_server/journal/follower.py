"""The journal of one worker as other processes read it, while its writer goes on or after it.

Takes no lock and writes nothing but SQLite's shared-memory index of an unsealed segment.
"""

import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scoring_server.durable_file import fsync_path
from scoring_server.errors import UnavailableError
from scoring_server.journal.faults import Damages
from scoring_server.journal.journal import JournalRecord
from scoring_server.journal.retention import read_dropped
from scoring_server.journal.segment import Segment, first_sequence_of, segment_paths

# Segments kept open; a reader is in the newest, or goes from one to the next. Chosen by us.
_OPEN_MAX = 2


class JournalFollower:
    """Reads the files of a worker's directory as they are now. Threads may share it.

    Args:
        directory: of the worker.
        damages: is told of damaged segments, which are passed over; None raises instead.

    Its methods raise sqlite3.Error when a segment cannot be read.
    """

    def __init__(self, directory: Path, damages: Damages | None = None) -> None:
        self._directory = directory
        self._damages = damages
        self._lock = threading.Lock()
        self._open: dict[Path, Segment] = {}
        self._listed_ns = -1
        self._paths: list[Path] = []
        self._begun: set[Path] = set()

    @property
    def first_sequence(self) -> int:
        """First sequence of the oldest file; 0 when there is none."""
        paths = self._list()
        return first_sequence_of(paths[0]) if paths else 0

    @property
    def last_sequence(self) -> int:
        """Newest sequence that is there now; 0 when none is."""
        for path in reversed(self._list()):
            segment = self._segment(path)
            if self._damages is None:
                last = segment.newest_sequence()
            else:
                last = self._damages.guarded(segment, Segment.newest_sequence, 0)
            if last:
                return last
        return 0

    @property
    def dropped_until(self) -> int:
        """Newest sequence that retention has taken."""
        return read_dropped(self._directory)

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first."""
        records: list[JournalRecord] = []
        paths = self._list()
        start = bisect_right(paths, after_sequence + 1, key=first_sequence_of)
        for path in paths[max(start - 1, 0) :]:
            rest = limit - len(records)
            read = partial(Segment.read, after_sequence=after_sequence, limit=rest)
            records += self._from(path, read)
            if len(records) >= limit:
                break
        return records

    def get(self, sequence: int) -> JournalRecord | None:
        """Return the record of one sequence."""
        paths = self._list()
        index = bisect_right(paths, sequence, key=first_sequence_of) - 1
        if index < 0:
            return None
        found = self._from(paths[index], lambda each: each.read(sequence - 1, 1))
        return found[0] if found and found[0].sequence == sequence else None

    def find(self, transaction_key: int) -> JournalRecord | None:
        """Return the newest transaction of a key; reads all of an unsealed segment for that."""
        for path in reversed(self._list()):
            if found := self._from(path, lambda each: each.search(transaction_key)):
                return found[0]
        return None

    def sync(self) -> None:
        """Make what is there survive a power cut, whoever wrote it."""
        # Files before the last two were synced when the one after the next was begun.
        for path in self._list()[-2:]:
            for file in (path, path.with_name(path.name + "-wal")):
                if file.exists():
                    fsync_path(file)
        fsync_path(self._directory)

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            for segment in self._open.values():
                segment.close_reader()
            self._open.clear()

    def _list(self) -> list[Path]:
        changed_ns = self._directory.stat().st_mtime_ns
        if changed_ns != self._listed_ns:
            # In this order: what comes between the two is found by the next look.
            self._paths, self._listed_ns = segment_paths(self._directory), changed_ns
        return self._paths

    def _segment(self, path: Path) -> Segment:
        with self._lock:
            segment = self._open.pop(path, None) or Segment(path)
            self._open[path] = segment
            while len(self._open) > _OPEN_MAX:
                self._open.pop(next(iter(self._open))).close_reader()
            return segment

    def _from(
        self, path: Path, read: Callable[[Segment], list[JournalRecord]]
    ) -> list[JournalRecord]:
        """Read from a segment, which is perhaps just being made or was just removed."""

        def read_begun(segment: Segment) -> list[JournalRecord]:
            if path not in self._begun:
                if not segment.newest_sequence():
                    return []
                self._begun.add(path)
            return read(segment)

        segment = self._segment(path)
        try:
            if self._damages is None:
                return read_begun(segment)
            return self._damages.guarded(segment, read_begun, [])
        except (sqlite3.OperationalError, UnavailableError):
            if path.exists():
                raise
            return []
