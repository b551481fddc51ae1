"""A lock that threads and processes take alike; the kernel frees that of the dead."""

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class FileLock:
    """Held in a `with`; whoever comes second waits.

    Args:
        path: of its file, which is made and never removed: two holders could else lock two files
            of one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Wait for the lock.

        Raises:
            OSError: the file cannot be made.
        """
        self._threads.acquire()
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except BaseException:
            self._close()
            self._threads.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        self._close()
        self._threads.release()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
