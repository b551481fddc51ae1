"""The name of an installation's journal: positions in the feed mean nothing in another one."""

import uuid
from pathlib import Path

from scoring_server.durable_file import write_durably


def journal_id_of(directory: Path) -> str:
    """Return the installation's journal id, making it when there is none."""
    path = directory / "journal_id"
    try:
        found = path.read_text("ascii").strip()
    except FileNotFoundError:
        found = ""
    if found:
        return found
    made = str(uuid.uuid4())
    write_durably(path, f"{made}\n".encode("ascii"))
    return made
