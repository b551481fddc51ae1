"""Copying and checking files that are mostly holes, at the price of what they really hold."""

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import xxhash

_CHUNK_SIZE_BYTES = 1 << 20
# ioctl(2) FICLONE: share the blocks of another file, where the file system can (XFS, Btrfs).
_FICLONE = 0x40049409


def copy_file(source: Path, target: Path) -> None:
    """Make `target`, which does not exist, a copy of `source` with the same holes.

    Raises:
        OSError: it cannot be read or written; `target` may be there in part.
    """
    with source.open("rb") as origin, target.open("xb") as copy:
        try:
            fcntl.ioctl(copy.fileno(), _FICLONE, origin.fileno())
        except OSError:
            size_bytes = os.fstat(origin.fileno()).st_size
            copy.truncate(size_bytes)
            for start, end in _extents(origin.fileno(), size_bytes):
                position = start
                while position < end:
                    position += os.copy_file_range(
                        origin.fileno(), copy.fileno(), end - position, position, position
                    )


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
