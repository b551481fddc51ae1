"""A wall clock that can be stepped while programs run that look at it, through libfaketime.

Their monotonic clock stays as it is, as it does when a person or NTP sets the time.
"""

from pathlib import Path

import libfaketime


class Clock:
    """Steps the clock of all programs that were started with `environ`.

    Args:
        path: of a file to be made, which says by how much the clock is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.step(0)
        library = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
        assert library.exists(), library
        self.environ = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: int) -> None:
        """Make the clock wrong by so much from now on."""
        partial = self._path.with_suffix(".partial")
        partial.write_text(f"{seconds:+d}\n", encoding="ascii")
        # Never half of it: the file is read whenever somebody asks for the time.
        partial.rename(self._path)
