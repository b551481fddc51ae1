"""How far a replay got, so that it can go on after a stop."""

import hashlib
from pathlib import Path

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """How far a replay got.

    Attributes:
        acknowledged: rows of the file, in event order, whose answers have arrived.
        labelled: rows whose labels have been reported or passed over.
    """

    acknowledged: int
    labelled: int


class ProgressFile:
    """Progress of replaying one file, in its present form, to one target."""

    def __init__(self, directory: Path, source: Path, mapping: str, target: str) -> None:
        status = source.stat()
        identity = f"{source.resolve()}|{status.st_size}|{status.st_mtime_ns}|{mapping}|{target}"
        name = hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()
        self.path = directory / f"{name}.json"

    def read(self) -> Progress | None:
        """Return the saved progress; None when there is none."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Progress)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, progress: Progress) -> None:
        """Save progress; a crash leaves the former or the new one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".tmp")
        draft.write_bytes(msgspec.json.encode(progress))
        draft.replace(self.path)

    def remove(self) -> None:
        """Forget the progress; the replay is complete."""
        self.path.unlink(missing_ok=True)
