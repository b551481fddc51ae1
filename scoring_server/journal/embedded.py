"""The journal of one worker process: SQLite segments in a directory of its own.

`append` survives the death of the process when it returns; what a power cut can take is bounded by
the sync interval. A damaged segment is set apart, and the others are served. Knows bytes only.
"""

import sqlite3
import threading
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from itertools import takewhile, zip_longest
from operator import lt
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scoring_server.durable_file import fsync_path
from scoring_server.errors import UnavailableError
from scoring_server.journal.arrivals import Arrivals
from scoring_server.journal.checkpoints import Checkpoints
from scoring_server.journal.faults import Damages, append_error, is_damage, unreadable
from scoring_server.journal.floor import SequenceFloor
from scoring_server.journal.identity import journal_id_of
from scoring_server.journal.journal import JournalBlock, JournalRecord
from scoring_server.journal.keeper import Keeper
from scoring_server.journal.open_readers import OpenReaders
from scoring_server.journal.retention import Retention, droppable, read_dropped, write_dropped
from scoring_server.journal.segment import Segment, first_sequence_of, segment_path, segment_paths
from scoring_server.journal.writer_lock import open_for_writing

_log = structlog.get_logger(__name__)

# Most records of one append, so that a segment outgrows its limit by no more than this.
APPEND_SIZE_MAX = 4_096


class EmbeddedJournal:
    """An open journal. Safe to use from any thread; appends are serialised.

    Args:
        directory: the installation's journal directory; made when missing.
        sync_ms: longest time between an append and its sync, milliseconds; 0 syncs each append.
        segment_events_max: events from which a segment is full and another is begun.
        worker: number of the worker process, for the name of its directory.
        signing_key: signs checkpoints of the chain; None makes none.
        checkpoint_events: events from one checkpoint to the next, at least.
        wait_s: to wait for another process that writes here.

    Attributes:
        directory: of the worker.
        stored_sequence: newest sequence that lay on the disk when it was opened.

    Raises:
        ConfigurationError: another process writes here, or the directory cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        *,
        sync_ms: int = 100,
        segment_events_max: int = 500_000,
        worker: int = 0,
        signing_key: Ed25519PrivateKey | None = None,
        checkpoint_events: int = 1_000,
        wait_s: float = 0.0,
    ) -> None:
        self.directory = directory / f"worker-{worker}"
        self._lock_file = open_for_writing(self.directory, wait_s)
        self._journal_id = journal_id_of(directory)
        self._segment_events_max = segment_events_max
        self._synchronous = sync_ms == 0
        self._append_lock = threading.Lock()
        self._arrivals = Arrivals(lambda: self._last_sequence)
        self._closed = False
        self._fault: Exception | None = None
        self._segments: list[Segment] = []
        self._active: Segment | None = None
        self._last_sequence = 0
        self._damages = Damages()
        self._readers = OpenReaders(self._damages)
        self._floor = SequenceFloor(self.directory, sync_ms)
        self._checkpoints = Checkpoints(
            self.directory, self._journal_id, signing_key, checkpoint_events
        )
        self._keeper = Keeper(
            sync_interval_s=sync_ms / 1_000,
            active=lambda: self._active,
            append_lock=self._append_lock,
            failed=self._fail,
            synced=self._checkpoints.synced,
        )
        try:
            self._load()
            self.stored_sequence = self._last_sequence
            self._last_sequence = self._floor.open(self._last_sequence)
        except BaseException:
            self._lock_file.release()
            raise
        self._keeper.start()

    @property
    def journal_id(self) -> str:
        """Identity of the installation's journal."""
        return self._journal_id

    @property
    def first_sequence(self) -> int:
        """Oldest sequence kept; 0 when nothing is."""
        segments = self._segments
        return segments[0].first_sequence if segments else 0

    @property
    def last_sequence(self) -> int:
        """Newest sequence ever appended; after damage at the end, an upper bound of it."""
        return self._last_sequence

    @property
    def dropped_until(self) -> int:
        """Newest sequence that retention has taken."""
        return read_dropped(self.directory)

    @property
    def synced_sequence(self) -> int:
        """Newest sequence that survives a power cut."""
        return self._last_sequence if self._synchronous else self._keeper.synced_sequence

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will be appended."""
        return self._closed

    @property
    def damaged_segments(self) -> tuple[str, ...]:
        """Names of the segments that could not be read since the start."""
        return tuple(self._damages.names)

    def append(self, records: Sequence[JournalRecord]) -> None:
        """Keep all records or none; see the Journal protocol for what is promised and raised."""
        if records:
            sequences = [record.sequence for record in records]
            self._append(sequences, lambda segment: segment.append(records))

    def append_block(self, block: JournalBlock) -> None:
        """Keep a whole block or nothing of it; see the Journal protocol."""
        self._append(block.sequences, lambda segment: segment.append_block(block))

    def _append(self, sequences: Sequence[int], append: Callable[[Segment], None]) -> None:
        assert len(sequences) <= APPEND_SIZE_MAX
        with self._append_lock:
            self._check_usable()
            ascending = map(lt, (self._last_sequence, *sequences), sequences)
            assert all(ascending), "sequences must ascend"
            try:
                segment = self._segment_for(sequences[0])
                append(segment)
            except sqlite3.Error as error:
                raise append_error(error) from error
            self._last_sequence = sequences[-1]
            if segment.count >= self._segment_events_max:
                self._active = None
                self._keeper.retire(segment)
        self._arrivals.came()

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first."""
        records: list[JournalRecord] = []
        segments = self._segments
        start = bisect_right(segments, after_sequence, key=lambda segment: segment.first_sequence)
        for segment in segments[max(start - 1, 0) :]:
            if segment.last_sequence <= after_sequence:
                continue
            read = partial(Segment.read, after_sequence=after_sequence, limit=limit - len(records))
            records += self._readers.read_from(segment, read, [])
            if len(records) >= limit:
                break
        return records

    def get(self, sequence: int) -> JournalRecord | None:
        """Return the record of one sequence."""
        segments = self._segments
        index = bisect_right(segments, sequence, key=lambda segment: segment.first_sequence) - 1
        if index < 0:
            return None
        return self._readers.read_from(segments[index], lambda segment: segment.get(sequence), None)

    def find(self, transaction_key: int) -> JournalRecord | None:
        """Return the newest transaction record of a key."""
        for segment in reversed(self._segments):
            found = self._readers.read_from(segment, lambda s: s.find(transaction_key), None)
            if found is not None:
                return found
        return None

    def wait(
        self, after_sequence: int, timeout_s: float, stopped: Callable[[], bool] = lambda: False
    ) -> bool:
        """Wait until there is a record after a position; False when there is none by the end."""
        return self._arrivals.wait(after_sequence, timeout_s, stopped)

    def wake(self) -> None:
        """Make every waiter ask its `stopped` again."""
        self._arrivals.wake()

    def sync(self) -> None:
        """Make everything appended so far survive a power cut."""
        self._keeper.sync()

    def close(self) -> None:
        """Sync, stop the upkeep, wake all waiters and give the directory free. Idempotent."""
        with self._append_lock:
            if self._closed:
                return
            self._closed = True
        self._arrivals.close()
        self._keeper.stop()
        try:
            self._keeper.sync()
            if self._active is not None:
                self._checkpoints.synced(*self._active.head, final=True)
            if self._fault is None:
                self._floor.close()
        finally:
            for segment in self._segments:
                segment.close_writer()
                segment.close_reader()
            self._lock_file.release()

    def drop(self, retention: Retention, needed_after: int, now_ns: int) -> int:
        """Remove the oldest files that are beyond a limit and needed by nobody; return how many.

        See retention.py. A reader that is just in one of them finds nothing more in it.
        """
        sealed = list(takewhile(lambda segment: segment.sealed, self._segments))
        facts = [self._readers.facts(segment) for segment in sealed]
        dropped = sealed[: droppable(facts, retention, needed_after, now_ns)]
        if dropped:
            write_dropped(self.directory, dropped[-1].last_sequence)
        with self._append_lock:
            self._segments = self._segments[len(dropped) :]
        for segment in dropped:
            segment.remove()
        if dropped:
            fsync_path(self.directory)
            self._checkpoints.forget(self.first_sequence)
        return len(dropped)

    def _load(self) -> None:
        paths = segment_paths(self.directory)
        for path, following in zip_longest(paths, paths[1:]):
            segment = Segment(path)
            try:
                segment.inspect()
                if following is None and segment.count < self._segment_events_max:
                    if not segment.sealed:
                        segment.open_writer(synchronous=self._synchronous)
                        self._active = segment
                elif not segment.sealed:
                    self._keeper.retire(segment)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise unreadable(path, error) from error
                self._set_apart(segment, error, following)
                continue
            self._readers.used(segment)
            self._segments.append(segment)
            self._last_sequence = max(self._last_sequence, segment.last_sequence)

    def _set_apart(self, segment: Segment, error: sqlite3.Error, following: Path | None) -> None:
        """Leave out a segment that cannot be opened; its sequences are never given again."""
        self._damages.report(segment.path.name, error)
        segment.close_writer()
        segment.close_reader()
        if following is not None:
            most = first_sequence_of(following) - 1
        else:
            most = segment.first_sequence + self._segment_events_max + APPEND_SIZE_MAX
        self._last_sequence = max(self._last_sequence, most)

    def _segment_for(self, first_sequence: int) -> Segment:
        if self._active is None:
            segment = Segment(segment_path(self.directory, first_sequence))
            if self._segments:
                segment.follow(self._segments[-1])
            segment.open_writer(synchronous=self._synchronous)
            self._active = segment
            self._segments = [*self._segments, segment]
        return self._active

    def _check_usable(self) -> None:
        if self._closed:
            raise UnavailableError("the journal is closed", reason="JOURNAL_CLOSED")
        if self._fault is not None:
            raise UnavailableError("the journal cannot be written", reason="JOURNAL_FAILED")

    def _fail(self, error: Exception) -> None:
        self._fault = error
