"""What SQLite's errors mean for a journal."""

import sqlite3

import structlog

from scoring_server.errors import ResourceExhaustedError, UnavailableError

_log = structlog.get_logger(__name__)

_DAMAGE_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_RETRY_AFTER_FULL_S = 5.0


def _primary_code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file itself is broken, so that reading it again will not help."""
    return _primary_code(error) in _DAMAGE_CODES


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
