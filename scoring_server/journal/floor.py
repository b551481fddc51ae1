"""Numbers that are never given twice, also when a power cut takes the end of the journal.

A subscriber may have seen the events that were lost. Were their sequences given to other events,
it would skip those. So after a power cut the numbers go on far beyond any that can have been given
before it.
"""

import uuid
from pathlib import Path

import msgspec

from scoring_server.durable_file import write_durably

_NAME = "sequence_floor.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Chosen by us, ten times what the fastest batch path reaches.
_EVENTS_PER_MS_MAX = 10_000


class _Floor(msgspec.Struct):
    """What the file holds; `boot` is empty while nobody writes the journal."""

    boot: str
    floor: int


class SequenceFloor:
    """Opened before a journal is written, closed after it was synced.

    Args:
        directory: of one worker's journal.
        sync_ms: longest time that an event stays unsynced; 0 loses none.
        boot: names this boot of the machine.
    """

    def __init__(self, directory: Path, sync_ms: int, boot: str | None = None) -> None:
        self._path = directory / _NAME
        self._skip = sync_ms * _EVENTS_PER_MS_MAX
        self._boot = boot or _this_boot()
        self._floor = 0

    def open(self, last_sequence: int) -> int:
        """Return the number after which the next event's comes, from the last one on the disk."""
        before = self._read()
        self._floor = before.floor
        if before.boot not in {"", self._boot} and self._skip:
            self._floor = max(last_sequence, before.floor) + self._skip
        self._write(_Floor(self._boot, self._floor))
        return max(last_sequence, self._floor)

    def close(self) -> None:
        """Note that everything given is on the disk."""
        self._write(_Floor("", self._floor))

    def _read(self) -> _Floor:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Floor)
        except FileNotFoundError:
            return _Floor("", 0)
        except msgspec.MsgspecError:
            # Torn by the power cut that it is about.
            return _Floor("torn", 0)

    def _write(self, floor: _Floor) -> None:
        write_durably(self._path, msgspec.json.encode(floor) + b"\n")


def _this_boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        # No such file off Linux: every unclean stop counts as a power cut.
        return uuid.uuid4().hex
