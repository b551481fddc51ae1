"""What SQLite's errors mean for a journal."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog

from scoring_server.errors import ConfigurationError, ResourceExhaustedError, UnavailableError
from scoring_server.journal.segment import Segment

_Found = TypeVar("_Found")
_log = structlog.get_logger(__name__)

_DAMAGE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_RETRY_AFTER_FULL_S = 5.0


def _primary_code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file itself is broken, so that reading it again will not help."""
    return _primary_code(error) in _DAMAGE_CODES


def unreadable(path: Path, error: sqlite3.Error) -> ConfigurationError:
    """Return what is told of a segment that cannot be opened, and not because it is broken."""
    return ConfigurationError(
        f"the journal segment {path} must be readable: {error}", reason="JOURNAL_DIRECTORY"
    )


def append_error(error: sqlite3.Error) -> Exception:
    """Return what the caller of an append that failed is told; the rest goes to the log."""
    if _primary_code(error) == sqlite3.SQLITE_FULL:
        return ResourceExhaustedError(
            "the disk of the journal is full; nothing was recorded",
            reason="JOURNAL_FULL",
            retry_after_s=_RETRY_AFTER_FULL_S,
        )
    _log.error("journal_append_failed", error=str(error))
    return UnavailableError("the journal cannot be written", reason="JOURNAL_FAILED")


class Damages:
    """The segments found to be damaged; each is reported once, and the others are read on.

    Attributes:
        names: of their files, in the order in which they were found.
    """

    def __init__(self) -> None:
        self.names: list[str] = []

    def report(self, name: str, error: Exception) -> None:
        """Note a damaged segment, and tell the log the first time."""
        if name not in self.names:
            self.names.append(name)
            _log.error("journal_segment_damaged", segment=name, error=str(error))

    def guarded(
        self, segment: Segment, read: Callable[[Segment], _Found], otherwise: _Found
    ) -> _Found:
        """Read from a segment; a damaged one is reported and answers `otherwise`."""
        try:
            return read(segment)
        except sqlite3.Error as error:
            if not is_damage(error):
                _log.error("journal_read_failed", segment=segment.path.name, error=str(error))
                raise UnavailableError(
                    "the journal cannot be read", reason="JOURNAL_READ_FAILED"
                ) from error
            self.report(segment.path.name, error)
            return otherwise
