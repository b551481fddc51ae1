"""Complete copies of the state, each as of one sequence, kept beside it for recovery.

Two slots take turns: while one is brought forward by folding the journal, the other stays whole,
so a snapshot that is torn by a kill or a power cut costs nothing but its own progress. A slot
counts only while its manifest is there: it is removed first and written last, after everything it
speaks of has reached the disk.

Slots are sparse, for they would cost three times the state's space else. A full disk ends the
process that makes a snapshot, which is one of its own, and the slot it worked on is none then.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from scoring_server.durable_file import fsync_path, write_durably
from scoring_server.kernels.dtypes import LAYOUT_VERSION
from scoring_server.state.shared_table import State, StateCapacities, open_state
from scoring_server.state.sparse_files import checksum

_SLOTS = ("a", "b")
_MANIFEST = "snapshot.json"
_TABLES = "*.table"

_log = structlog.get_logger(__name__)


class _Manifest(msgspec.Struct, frozen=True):
    """What snapshot.json holds; `checksums` are by file name."""

    layout_version: int
    capacities: dict[str, int]
    journal_id: str
    sequence: int
    checksums: dict[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot whose manifest fits; `sequence` is that of the last event in it."""

    directory: Path
    sequence: int
    journal_id: str


class Snapshots:
    """The two slots of an installation.

    Args:
        directory: of the slots; made when the first snapshot is.
        capacities: of the state; a snapshot of other capacities is refused.
    """

    def __init__(self, directory: Path, capacities: StateCapacities) -> None:
        self._directory = directory
        self._capacities = capacities

    def listed(self, journal_id: str) -> list[Snapshot]:
        """Return the snapshots of a journal that fit by their manifest, newest first."""
        found = []
        for name in _SLOTS:
            manifest = self._manifest(name)
            if manifest is not None and manifest.journal_id == journal_id:
                found.append(Snapshot(self._directory / name, manifest.sequence, journal_id))
        return sorted(found, key=lambda snapshot: snapshot.sequence, reverse=True)

    def newest(self, journal_id: str) -> Snapshot | None:
        """Return the newest snapshot whose every byte is as it was written; reads all of it."""
        return next((each for each in self.listed(journal_id) if self._is_intact(each)), None)

    def drop_ahead(self, journal_id: str, last_sequence: int) -> None:
        """Forget snapshots that hold events which the journal lost.

        A power cut takes the end of the journal, whose sequences are then given again to other
        events. To be called before anything is appended.
        """
        for snapshot in self.listed(journal_id):
            if snapshot.sequence > last_sequence:
                _log.warning(
                    "snapshot_ahead", sequence=snapshot.sequence, journal_sequence=last_sequence
                )
                _forget(snapshot.directory)

    def begin(self, journal_id: str) -> State:
        """Open the slot whose turn it is, as of some sequence; it is no snapshot until `publish`.

        It starts as what it was, else as a copy of the other slot, else empty.

        Raises:
            OSError: the slot cannot be written.
        """
        kept = self.listed(journal_id)
        name = next(
            (slot for slot in _SLOTS if all(each.directory.name != slot for each in kept)),
            kept[-1].directory.name if kept else _SLOTS[0],
        )
        directory = self._directory / name
        directory.mkdir(parents=True, exist_ok=True)
        before = next((each for each in kept if each.directory == directory), None)
        usable = before is not None and self._is_intact(before)
        _forget(directory)
        if usable:
            return open_state(directory, self._capacities, reserved=False)
        shutil.rmtree(directory)
        state = open_state(directory, self._capacities, reserved=False)
        other = self.newest(journal_id)
        if other is not None:
            state.replace_with(other.directory)
        return state

    def publish(self, state: State, journal_id: str) -> Snapshot:
        """Make the slot that `begin` opened a snapshot, and close its state.

        Raises:
            OSError: it cannot be written; the slot is then no snapshot.
        """
        directory = state.directory
        assert directory is not None
        sequence = state.sequence
        state.mark_clean()
        state.close()
        paths = sorted(directory.glob(_TABLES))
        manifest = _Manifest(
            LAYOUT_VERSION,
            msgspec.to_builtins(self._capacities),
            journal_id,
            sequence,
            {path.name: checksum(path) for path in paths},
        )
        for path in paths:
            fsync_path(path)
        content = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
        write_durably(directory / _MANIFEST, content)
        return Snapshot(directory, sequence, journal_id)

    def _manifest(self, slot: str) -> _Manifest | None:
        path = self._directory / slot / _MANIFEST
        try:
            text = path.read_bytes()
        except OSError:
            return None
        try:
            # Its own first, because another layout may have other fields.
            found = json.loads(text)["layout_version"]
            if found != LAYOUT_VERSION:
                _log.warning("snapshot_refused", layout_version=found, needed=LAYOUT_VERSION)
                return None
            manifest = msgspec.json.decode(text, type=_Manifest)
        except (ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
            _log.warning("snapshot_damaged", slot=slot, error=str(error))
            return None
        if manifest.capacities != msgspec.to_builtins(self._capacities):
            _log.warning("snapshot_refused", slot=slot, reason="other capacities")
            return None
        return manifest

    def _is_intact(self, snapshot: Snapshot) -> bool:
        manifest = self._manifest(snapshot.directory.name)
        if manifest is None:
            return False
        for name, expected in manifest.checksums.items():
            try:
                found = checksum(snapshot.directory / name)
            except OSError as error:
                found = str(error)
            if found != expected:
                _log.warning("snapshot_damaged", slot=snapshot.directory.name, file=name)
                return False
        return True


def _forget(directory: Path) -> None:
    (directory / _MANIFEST).unlink(missing_ok=True)
    fsync_path(directory)
