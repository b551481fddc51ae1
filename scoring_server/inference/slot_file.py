"""Which model is in which slot, on disk: what was promoted stays so over a restart."""

from pathlib import Path

import msgspec

from scoring_server.durable_file import write_durably
from scoring_server.errors import UnavailableError
from scoring_server.inference.model_slots import Lineup
from scoring_server.inference.onnx_model import OnnxModel

SLOT_FILE = "model_slots.json"


class Held(msgspec.Struct, frozen=True):
    """A model in a slot; its content is known by its hash."""

    name: str
    version: str
    sha256: str


class SlotRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file.

    Attributes:
        generation: rises by one with each change.
        configured: name and version of the configuration at the time; another configuration makes
            the record void.
        champion: see Lineup, as the others.
        asked: the last content of the file `champion` in MODEL_DIR that was followed.
    """

    generation: int
    configured: tuple[str, str]
    champion: Held | None = None
    canary: Held | None = None
    canary_pct: float = 0.0
    shadows: tuple[Held, ...] = ()
    previous: Held | None = None
    asked: str = ""


def record_of(
    lineup: Lineup, generation: int, configured: tuple[str, str], asked: str
) -> SlotRecord:
    """Return the record of a lineup."""
    return SlotRecord(
        generation=generation,
        configured=configured,
        champion=_held(lineup.champion),
        canary=_held(lineup.canary),
        canary_pct=lineup.canary_pct,
        shadows=tuple(Held(*_parts(model)) for model in lineup.shadows),
        previous=_held(lineup.previous),
        asked=asked,
    )


def read_slots(path: Path) -> SlotRecord | None:
    """Return the record in a file; None when there is none, or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=SlotRecord)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def write_slots(path: Path, record: SlotRecord) -> None:
    """Replace the record in a file.

    Raises:
        UnavailableError: it cannot be written.
    """
    try:
        write_durably(path, msgspec.json.format(msgspec.json.encode(record)) + b"\n")
    except OSError as error:
        raise UnavailableError(
            f"the slots of models could not be recorded in {path}: {error.strerror}; nothing was "
            "changed",
            reason="SLOTS_NOT_RECORDED",
        ) from error


def _held(model: OnnxModel | None) -> Held | None:
    return None if model is None else Held(*_parts(model))


def _parts(model: OnnxModel) -> tuple[str, str, str]:
    identity = model.identity
    return identity.name, identity.version, identity.sha256
