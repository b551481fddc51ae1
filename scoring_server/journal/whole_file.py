"""Whether an SQLite file lost its end.

SQLite reads what is missing of the last page as zeros, and an event that reaches there as one that
was never written.
"""

import os
import sqlite3
from pathlib import Path

# https://www.sqlite.org/fileformat.html#the_database_header
_HEADER_SIZE = 100
_PAGE_SIZE = slice(16, 18)
_PAGE_COUNT = slice(28, 32)
# Of the field for the page size; stands for 65,536.
_LARGEST_PAGE = 1


def check_whole(path: Path) -> None:
    """Look whether a file is as long as it says, unless its log may hold the rest.

    Raises:
        sqlite3.DatabaseError: it is not; its `sqlite_errorcode` is SQLITE_CORRUPT.
    """
    log = path.with_name(path.name + "-wal")
    if not _size_bytes(log) and not _is_whole(path) and not _size_bytes(log):
        error = sqlite3.DatabaseError("the end of the file was cut off")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_SIZE)
            size_bytes = os.fstat(file.fileno()).st_size
    except OSError:
        # Not there yet, or not to be read: opening it says so better.
        return True
    page_size = int.from_bytes(header[_PAGE_SIZE], "big")
    page_size = 1 << 16 if page_size == _LARGEST_PAGE else page_size
    return size_bytes >= page_size * int.from_bytes(header[_PAGE_COUNT], "big")


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
