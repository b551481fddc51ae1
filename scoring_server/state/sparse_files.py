"""Copying and checking files that are mostly holes, at the price of what they really hold.

A process that writes to a hole of a file it has mapped dies with SIGBUS when the disk is full, so
files that are written while calls are answered have their holes filled by `reserve` before.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import xxhash

_CHUNK_SIZE_BYTES = 1 << 20
# Of st_blocks, whatever the file system's own blocks are; see stat(2).
_STAT_BLOCK_SIZE_BYTES = 512
_MIB = 1 << 20


def reserve(directory: Path, sizes_bytes: Mapping[Path, int]) -> None:
    """Bring files to their size and fill their holes with space on the disk; content stays.

    Args:
        directory: where the files lie.
        sizes_bytes: size of each file, which exists.

    Raises:
        OSError: the disk lacks space (ENOSPC, nothing was taken of it), or refuses.
    """
    missing = sum(
        max(0, size - path.stat().st_blocks * _STAT_BLOCK_SIZE_BYTES)
        for path, size in sizes_bytes.items()
    )
    disk = os.statvfs(directory)
    free = disk.f_bavail * disk.f_frsize
    if missing > free:
        raise OSError(
            errno.ENOSPC,
            f"{missing / _MIB:,.0f} MiB more are needed, {free / _MIB:,.0f} MiB are free",
            str(directory),
        )
    for path, size in sizes_bytes.items():
        with path.open("r+b") as file:
            file.truncate(size)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)


def copy_file(source: Path, target: Path) -> None:
    """Make `target`, which does not exist, a copy of `source` with the same holes.

    Raises:
        OSError: it cannot be read or written; `target` may be there in part.
    """
    with source.open("rb") as origin, target.open("xb") as copy:
        size_bytes = os.fstat(origin.fileno()).st_size
        copy.truncate(size_bytes)
        # Never shares blocks with the source, unlike copy_file_range: a write to a shared block
        # needs a new one, and there may be none.
        for start, end in _extents(origin.fileno(), size_bytes):
            position = start
            while position < end:
                copy.seek(position)
                position += os.sendfile(copy.fileno(), origin.fileno(), position, end - position)


def checksum(path: Path) -> str:
    """Return the XXH3 of a file's size and content; holes and zeros count alike.

    It tells damage, not forgery.
    """
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        digest.update(size_bytes.to_bytes(8, "little"))
        done = 0
        for start, end in _extents(file.fileno(), size_bytes):
            # Whole chunks, so that the same content has the same sum however it is laid out.
            position = max(start - start % _CHUNK_SIZE_BYTES, done)
            while position < end:
                chunk = os.pread(file.fileno(), _CHUNK_SIZE_BYTES, position)
                if chunk.strip(b"\0"):
                    digest.update(position.to_bytes(8, "little"))
                    digest.update(chunk)
                position += _CHUNK_SIZE_BYTES
            done = position
    return digest.hexdigest()


def _extents(descriptor: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """Give the parts of a file that are no holes, as [start, end)."""
    end = 0
    while end < size_bytes:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end
