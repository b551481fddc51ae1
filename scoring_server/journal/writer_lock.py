"""Keeps two processes out of one worker directory. The kernel frees the lock of the dead."""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

from scoring_server.clock import NS_PER_S, monotonic_ns
from scoring_server.errors import ConfigurationError

_PAUSE_S = 0.05


class WriterLock:
    """An exclusive lock on a directory, held from `acquire` to `release` or the process's end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, directory: Path, wait_s: float = 0.0) -> Self:
        """Take the lock of a directory that exists.

        Args:
            directory: of a worker.
            wait_s: how long to wait for whoever holds it.

        Raises:
            ConfigurationError: another process holds it; the message names its pid.
        """
        path = directory / "writer.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        deadline_ns = monotonic_ns() + int(wait_s * NS_PER_S)
        while not (is_ours := _taken(descriptor)) and monotonic_ns() < deadline_ns:
            time.sleep(_PAUSE_S)
        if not is_ours:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigurationError(
                f"{directory} must belong to one server, is in use by process {holder}",
                reason="DATA_DIR_IN_USE",
                metadata={"pid": holder, "directory": str(directory)},
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back. The file stays: two holders could else lock two files of one name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_for_writing(directory: Path, wait_s: float = 0.0) -> WriterLock:
    """Return the lock of a worker's journal directory, which is made when missing.

    Args:
        directory: of the worker.
        wait_s: how long to wait for whoever holds it.

    Raises:
        ConfigurationError: another process writes here, or the directory cannot be used.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return WriterLock.acquire(directory, wait_s)
    except OSError as error:
        raise ConfigurationError(
            f"the journal directory {directory} must be writable: {error.strerror}",
            reason="JOURNAL_DIRECTORY",
        ) from error
