"""The name of an installation's journal: positions in the feed mean nothing in another one."""

import uuid
from pathlib import Path

from scoring_server.journal.segment import fsync_directory


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
    partial = path.with_suffix(".partial")
    partial.write_text(made + "\n", "ascii")
    partial.rename(path)
    fsync_directory(directory)
    return made
