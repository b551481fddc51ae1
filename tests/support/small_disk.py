"""A disk of a few MiB, to be filled; needs the right to mount, and skips the test without it."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PAGE_SIZE_BYTES = 4_096


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """Mount a tmpfs; unmounted afterwards, also when a process still has files open there."""
    folder.mkdir(parents=True)
    options = ["-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(["mount", *options], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs mount")
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def free_bytes(folder: Path) -> int:
    """Return what is left on the disk of a folder."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def fill(folder: Path, left_bytes: int = 0) -> Path:
    """Take the space of a disk but for some; return the file that holds it."""
    path = folder / "filling"
    piece = max(free_bytes(folder) - left_bytes, _PAGE_SIZE_BYTES)
    with path.open("wb") as file:
        # Others may take of it meanwhile, hence smaller and smaller pieces.
        while piece >= _PAGE_SIZE_BYTES and free_bytes(folder) > left_bytes:
            try:
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, piece)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                piece //= 2
    return path
