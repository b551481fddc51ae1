"""How far each subscriber has dealt with the feed for good; kept over restarts."""

from pathlib import Path

import msgspec

from scoring_server.durable_file import write_durably
from scoring_server.errors import ResourceExhaustedError
from scoring_server.file_lock import FileLock

# Chosen by us: names that somebody made up must not fill the memory.
SUBSCRIBERS_MAX = 64


class _Stored(msgspec.Struct):
    """What the file holds."""

    journal_id: str
    positions: dict[str, int]


class Positions:
    """The confirmed positions of a journal's subscribers. Threads and processes may share it.

    Args:
        path: its file; of another journal or damaged, it counts as absent, which keeps more.
        journal_id: the journal that the positions belong to.
    """

    def __init__(self, path: Path, journal_id: str) -> None:
        self._path = path
        self._journal_id = journal_id
        self._lock = FileLock(path.with_suffix(".lock"))

    def confirm(self, subscriber: str, sequence: int) -> None:
        """Note a position, on the disk when this returns.

        Raises:
            ResourceExhaustedError: there are SUBSCRIBERS_MAX other names.
            OSError: the file cannot be written.
        """
        with self._lock:
            positions = self._positions()
            if subscriber not in positions and len(positions) >= SUBSCRIBERS_MAX:
                raise ResourceExhaustedError(
                    f"at most {SUBSCRIBERS_MAX} subscribers can confirm positions",
                    reason="TOO_MANY_SUBSCRIBERS",
                )
            changed = _Stored(self._journal_id, positions | {subscriber: sequence})
            write_durably(self._path, msgspec.json.encode(changed) + b"\n")

    @property
    def lowest(self) -> int:
        """The position that every subscriber has passed; 0 when none has confirmed any."""
        return min(self._positions().values(), default=0)

    def _positions(self) -> dict[str, int]:
        """Read them, because another worker may have written them since."""
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=_Stored)
        except (FileNotFoundError, msgspec.MsgspecError):
            return {}
        return stored.positions if stored.journal_id == self._journal_id else {}
