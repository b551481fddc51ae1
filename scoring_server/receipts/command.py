"""`anomaly receipt verify` in front of a person."""

import json
from pathlib import Path

import click

from scoring_server.errors import ConfigurationError
from scoring_server.journal.signing import PUBLIC_KEY_FILE, read_public_key
from scoring_server.receipts.verify import verify_journal


def run_verify(path: Path, public_keys: tuple[Path, ...], *, machine_readable: bool) -> int:
    """Check all chains of a data directory; return 0 when every event is proven, else 1."""
    keys = public_keys or (path / PUBLIC_KEY_FILE,)
    trusted = {read_public_key(key) for key in keys}
    journal = path / "journal"
    try:
        journal_id = (journal / "journal_id").read_text("ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"{path} must be a data directory with a journal: {error.strerror}",
            reason="JOURNAL_DIRECTORY",
        ) from error
    found = {
        each.name: verify_journal(each, journal_id, trusted)
        for each in sorted(journal.glob("worker-*"))
    }
    if machine_readable:
        click.echo(json.dumps({name: vars(result) for name, result in found.items()}))
    for name, result in found.items() if not machine_readable else ():
        for fault in result.faults:
            click.echo(f"{name}: {fault}")
        click.echo(
            f"{name}: {result.events} events in the chain, {result.unchained} before it, "
            f"signed up to {result.signed_sequence} of {result.last_sequence}, "
            f"{len(result.faults)} faults"
        )
    return 1 if any(result.faults for result in found.values()) else 0
