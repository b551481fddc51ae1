"""The journal's background thread: syncs appends, folds the log, seals full segments."""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from scoring_server.journal.segment import Segment

_log = structlog.get_logger(__name__)

# Size of the write-ahead log from which it is folded into the segment: about 7,000 commits of one
# event.
LOG_SIZE_BYTES_MAX = 64 * 1024 * 1024
# How often it is copied beside the appends before the rest is copied without them, and how small a
# rest is good enough. Chosen by us.
_PASSES_MAX = 6
_REST_BYTES_MAX = 256 * 1024
# How often the thread looks when every commit syncs by itself; only sealing and folding remain
# then. Chosen by us.
_IDLE_INTERVAL_S = 0.1


class Synced(Protocol):
    """What is told of events that are on the disk."""

    def __call__(self, sequence: int, link: bytes, *, final: bool) -> None:
        """Take notice of the newest of them."""


class Keeper:
    """Runs the upkeep of a journal.

    Args:
        sync_interval_s: longest time that appended events stay unsynced; 0 when each commit syncs.
        active: gives the segment being appended to.
        append_lock: held by appends; taken for the short end of a fold.
        failed: called once with the error after which nothing more may be promised.
        synced: called with the sequence and link of an event that is on the disk with all before
            it, and whether a segment ends there.
    """

    def __init__(
        self,
        *,
        sync_interval_s: float,
        active: Callable[[], Segment | None],
        append_lock: threading.Lock,
        failed: Callable[[Exception], None],
        synced: Synced,
    ) -> None:
        self.synced_sequence = 0
        self._sync_interval_s = sync_interval_s
        self._active = active
        self._append_lock = append_lock
        self._failed = failed
        self._synced = synced
        self._full: list[Segment] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-keeper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the pass under way."""
        self._stop.set()
        self._thread.join()

    def retire(self, segment: Segment) -> None:
        """Hand over a full segment for sealing; nothing is appended to it any more."""
        self._full.append(segment)

    def sync(self) -> None:
        """Sync full segments and the active one now."""
        # Asked for first: what is full a moment later then still comes as the active one.
        active = self._active()
        full = [*self._full]
        segments = full if active is None or active in full else [*full, active]
        for segment in segments:
            last_sequence, link = segment.head
            if last_sequence > self.synced_sequence:
                segment.sync()
                self.synced_sequence = last_sequence
            self._synced(last_sequence, link, final=segment in full)

    def _run(self) -> None:
        interval_s = self._sync_interval_s or _IDLE_INTERVAL_S
        while not self._stop.wait(interval_s):
            try:
                self.sync()
                self._fold()
            except Exception as error:  # noqa: BLE001 - whatever it is, durability can no longer be promised
                _log.error(
                    "journal_upkeep_failed", error=str(error), error_type=type(error).__name__
                )
                self._failed(error)
                return
            self._seal()

    def _fold(self) -> None:
        segment = self._active()
        if segment is None or segment.log_size_bytes < LOG_SIZE_BYTES_MAX:
            return
        # What comes while the bulk is copied is little, and what comes while that is copied next to
        # nothing; only this rest is copied with appends kept out.
        for _ in range(_PASSES_MAX):
            before_bytes = segment.log_size_bytes
            segment.checkpoint()
            if segment.log_size_bytes - before_bytes <= _REST_BYTES_MAX:
                break
        with self._append_lock:
            if segment is self._active():
                segment.restart_log()

    def _seal(self) -> None:
        while self._full:
            segment = self._full[0]
            try:
                # Its end is signed before it counts as sealed, and so before it may be dropped.
                segment.sync()
                self._synced(*segment.head, final=True)
                segment.seal()
            except Exception as error:  # noqa: BLE001 - it stays readable without its index
                _log.error("journal_seal_failed", segment=segment.path.name, error=str(error))
            self._full.pop(0)
