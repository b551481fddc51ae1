"""Keeps two processes out of one worker directory. The kernel frees the lock of the dead."""

import fcntl
import os
from pathlib import Path
from typing import Self

from scoring_server.errors import ConfigurationError


class WriterLock:
    """An exclusive lock on a directory, held from `acquire` to `release` or the process's end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, directory: Path) -> Self:
        """Take the lock of a directory that exists.

        Raises:
            ConfigurationError: another process holds it; the message names its pid.
        """
        path = directory / "writer.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigurationError(
                f"{directory} must belong to one server, is in use by process {holder}",
                reason="DATA_DIR_IN_USE",
                metadata={"pid": holder, "directory": str(directory)},
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back. The file stays: two holders could else lock two files of one name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def open_for_writing(directory: Path) -> WriterLock:
    """Return the lock of a worker's journal directory, which is made when missing.

    Raises:
        ConfigurationError: another process writes here, or the directory cannot be used.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return WriterLock.acquire(directory)
    except OSError as error:
        raise ConfigurationError(
            f"the journal directory {directory} must be writable: {error.strerror}",
            reason="JOURNAL_DIRECTORY",
        ) from error
