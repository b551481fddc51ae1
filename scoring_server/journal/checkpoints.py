"""Signed checkpoints: what the chain of a journal was at an event, said by whoever holds the key.

They lie beside the segments, so that a journal whose end was cut off still shows what it had.
Only what was synced is signed: a power cut must not look like a fraud.
"""

import os
import threading
from pathlib import Path

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scoring_server.clock import wall_time_ns
from scoring_server.durable_file import write_durably
from scoring_server.journal.signing import is_signed_by

_log = structlog.get_logger(__name__)

CHECKPOINTS_FILE = "checkpoints.jsonl"


class Checkpoint(msgspec.Struct, frozen=True):
    """One line of the file.

    Attributes:
        journal_id: the journal it speaks of.
        sequence: of an event.
        link: of that event, 64 hexadecimal digits.
        time_ns: when it was signed, nanoseconds since the Unix epoch.
        key: public key, 64 hexadecimal digits.
        signature: Ed25519 over the other fields, 128 hexadecimal digits.
    """

    journal_id: str
    sequence: int
    link: str
    time_ns: int
    key: str
    signature: str = ""

    @property
    def content(self) -> bytes:
        """What is signed."""
        text = f"{self.journal_id} {self.sequence} {self.link} {self.time_ns} {self.key}"
        return f"anomaly receipt checkpoint 1 {text}".encode()

    def is_signed(self) -> bool:
        """Return whether the signature is of the key that the checkpoint names."""
        try:
            signature = bytes.fromhex(self.signature)
        except ValueError:
            return False
        return is_signed_by(self.key, signature, self.content)


class Checkpoints:
    """Writes the checkpoints of one worker's journal. Threads may share it.

    Args:
        directory: of the worker's journal.
        journal_id: the journal.
        key: signs; None makes no checkpoints.
        events: of so many new events one is made, beside those at the ends of segments.
    """

    def __init__(
        self, directory: Path, journal_id: str, key: Ed25519PrivateKey | None, events: int
    ) -> None:
        self._path = directory / CHECKPOINTS_FILE
        self._journal_id = journal_id
        self._key = key
        self._public = "" if key is None else key.public_key().public_bytes_raw().hex()
        self._events = events
        self._lock = threading.Lock()
        known, _torn = read_checkpoints(self._path)
        self._last = max((checkpoint.sequence for checkpoint in known), default=0)
        if key is not None:
            _end_torn_line(self._path)

    def synced(self, sequence: int, link: bytes, *, final: bool = False) -> None:
        """Take notice that an event and all before it are on the disk; sign when it is time.

        Args:
            sequence: of the event.
            link: of the event.
            final: sign also when few events came since the last checkpoint.
        """
        with self._lock:
            new = sequence - self._last
            if self._key is None or not any(link) or new <= 0 or (new < self._events and not final):
                return
            unsigned = Checkpoint(
                self._journal_id, sequence, link.hex(), wall_time_ns(), self._public
            )
            signature = self._key.sign(unsigned.content).hex()
            line = msgspec.json.encode(msgspec.structs.replace(unsigned, signature=signature))
            try:
                _add(self._path, line + b"\n")
            except OSError as error:
                # The next pass tries again; events are not lost by it.
                _log.error("checkpoint_not_written", error=str(error))
                return
            self._last = sequence

    def forget(self, first_sequence: int) -> None:
        """Drop the checkpoints before the one that the oldest kept event follows."""
        with self._lock:
            known, _torn = read_checkpoints(self._path)
            before = [each for each in known if each.sequence < first_sequence]
            kept = before[-1:] + [each for each in known if each.sequence >= first_sequence]
            if self._key is None or len(kept) == len(known):
                return
            lines = b"".join(msgspec.json.encode(each) + b"\n" for each in kept)
            write_durably(self._path, lines)


def read_checkpoints(path: Path) -> tuple[list[Checkpoint], list[int]]:
    """Return the checkpoints of a file, none when it is absent, and the lines that are none.

    What stands after the last end of a line was being written when the machine stopped.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return [], []
    found, faulty = [], []
    for number, line in enumerate(lines, 1):
        try:
            found.append(msgspec.json.decode(line, type=Checkpoint))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            faulty.append(number)
    return found, faulty


def _add(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fdatasync(file.fileno())


def _end_torn_line(path: Path) -> None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
