"""A journal as another process reads it while its writer goes on: for snapshots and tools.

Takes no lock and writes nothing but SQLite's shared-memory index of an unsealed segment.
"""

from pathlib import Path

from scoring_server.errors import ConfigurationError
from scoring_server.journal.journal import JournalRecord
from scoring_server.journal.segment import Segment, first_sequence_of, segment_paths


class JournalReader:
    """The journal of one worker, as far as it went when it was opened.

    Args:
        directory: the installation's journal directory.
        worker: number of the worker process.

    Raises:
        ConfigurationError: there is no journal.
        sqlite3.Error: its last segment cannot be read.
    """

    def __init__(self, directory: Path, *, worker: int = 0) -> None:
        try:
            self.journal_id = (directory / "journal_id").read_text("ascii").strip()
        except OSError as error:
            raise ConfigurationError(
                f"{directory} must hold a journal: {error.strerror}", reason="JOURNAL_DIRECTORY"
            ) from error
        self._paths = segment_paths(directory / f"worker-{worker}")
        self._open: Segment | None = None
        self.first_sequence = first_sequence_of(self._paths[0]) if self._paths else 0
        self.last_sequence = self._last_sequence()

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first.

        Raises:
            sqlite3.Error: a segment cannot be read.
        """
        for path, following in zip(self._paths, [*self._paths[1:], None], strict=True):
            if following is not None and first_sequence_of(following) <= after_sequence + 1:
                continue
            records = self._segment(path).read(after_sequence, limit)
            if records:
                return records
        return []

    def close(self) -> None:
        """Close the open segment."""
        if self._open is not None:
            self._open.close_reader()
            self._open = None

    def _segment(self, path: Path) -> Segment:
        if self._open is None or self._open.path != path:
            self.close()
            self._open = Segment(path)
        return self._open

    def _last_sequence(self) -> int:
        for path in reversed(self._paths):
            last = self._segment(path).newest_sequence()
            if last:
                return last
        return 0
