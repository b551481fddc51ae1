"""Small files that a power cut leaves as they were or as they were to be."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace a file, or make it; on the disk when this returns.

    Args:
        path: the file. Another one with the suffix .PID.partial lies beside it meanwhile.
        content: all of it.
        mode: permissions, before the process's mask.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(partial, flags, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    fsync_path(path.parent)


def fsync_path(path: Path) -> None:
    """Make a file's content, or a directory's entries, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
