"""An installation's journal as another process reads it while it is written: for snapshots, tools.

Takes no lock and writes nothing but SQLite's shared-memory index of an unsealed segment.
"""

from pathlib import Path

from scoring_server.errors import ConfigurationError
from scoring_server.journal.follower import JournalFollower
from scoring_server.journal.journal import JournalRecord
from scoring_server.journal.merged import first_of, merged_read, worker_directories
from scoring_server.state.seat import settled_of


class JournalReader:
    """The journals of all workers, as far as they went when they were opened.

    Args:
        directory: the installation's journal directory, beside that of the state.

    Raises:
        ConfigurationError: there is no journal.
        sqlite3.Error: its last segment cannot be read.
    """

    def __init__(self, directory: Path) -> None:
        try:
            self.journal_id = (directory / "journal_id").read_text("ascii").strip()
        except OSError as error:
            raise ConfigurationError(
                f"{directory} must hold a journal: {error.strerror}", reason="JOURNAL_DIRECTORY"
            ) from error
        # Before the journals are read, which hold everything up to there by then.
        settled = settled_of(directory.parent / "state")
        self._parts = [JournalFollower(each) for each in worker_directories(directory)]
        self.first_sequence = first_of(self._parts)
        last = max((part.last_sequence for part in self._parts), default=0)
        self.last_sequence = last if settled is None else min(last, settled)

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first.

        Raises:
            sqlite3.Error: a segment cannot be read.
        """
        return merged_read(self._parts, after_sequence, limit, self.last_sequence)

    def sync(self) -> None:
        """Make all of it survive a power cut, whether or not its writers have done so.

        Raises:
            OSError: a file cannot be synced.
        """
        for part in self._parts:
            part.sync()

    def close(self) -> None:
        """Close what is open."""
        for part in self._parts:
            part.close()
