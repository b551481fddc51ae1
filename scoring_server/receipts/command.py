"""`anomaly receipt` in front of a person."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
import msgspec

from scoring_server.errors import ConfigurationError, ScoringError
from scoring_server.journal.merged import worker_directories
from scoring_server.journal.signing import PUBLIC_KEY_FILE, read_public_key
from scoring_server.receipts.again import replay
from scoring_server.receipts.explain import explain, model_of
from scoring_server.receipts.exported import exported
from scoring_server.receipts.receipt import Receipt, find_receipt
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
        each.name: verify_journal(each, journal_id, trusted) for each in worker_directories(journal)
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


def run_replay(path: Path, transaction_id: str, *, machine_readable: bool) -> int:
    """Decide a transaction again; return 0 when the answer is the same, else 1."""

    def show(receipt: Receipt) -> int:
        found = replay(receipt)
        if machine_readable:
            click.echo(msgspec.json.encode({"transaction_id": transaction_id, "replay": found}))
            return 1 if found.differences else 0
        for each in found.changed:
            click.echo(f"the {each} are others now than when it was decided")
        for difference in found.differences:
            click.echo(
                f"{difference.field}: recorded {difference.recorded}, "
                f"replayed {difference.replayed}"
            )
        context = receipt.context
        model = f"{context.model.name} {context.model.version}" if context.model else "no model"
        click.echo(
            f"{transaction_id}: event {receipt.event.record.sequence}, "
            f"risk {receipt.result.risk_score:.6f}, {model}, release {context.software}, "
            f"{len(found.differences)} differences"
        )
        return 1 if found.differences else 0

    return _with_receipt(path, transaction_id, show)


def run_explain(path: Path, transaction_id: str, model_dir: Path, *, machine_readable: bool) -> int:
    """Say what raised a transaction's score, and what would have been enough for approval."""

    def show(receipt: Receipt) -> int:
        told = explain(receipt, model_of(receipt, model_dir))
        if machine_readable:
            click.echo(msgspec.json.encode({"transaction_id": transaction_id, **asdict(told)}))
            return 0
        click.echo(f"{transaction_id}: risk {receipt.result.risk_score:.2f}")
        for title, lines in (
            ("reasons", [f"{each.sentence}" for each in receipt.result.reasons]),
            ("the model's score", [each.sentence for each in told.attributions]),
            ("counterfactuals", [each.sentence for each in told.counterfactuals]),
        ):
            click.echo(f"{title}:")
            for line in lines or ["none"]:
                click.echo(f"  {line}")
        return 0

    return _with_receipt(path, transaction_id, show)


def run_export(path: Path, transaction_id: str) -> int:
    """Write the receipt of a transaction as one JSON object; return the exit code."""

    def show(receipt: Receipt) -> int:
        click.echo(msgspec.json.format(msgspec.json.encode(exported(receipt))))
        return 0

    return _with_receipt(path, transaction_id, show)


def _with_receipt(path: Path, transaction_id: str, show: Callable[[Receipt], int]) -> int:
    try:
        return show(find_receipt(path, transaction_id))
    except ScoringError as error:
        raise click.ClickException(error.message) from error
    except (sqlite3.Error, OSError, ValueError) as error:
        raise click.ClickException(f"the journal in {path} cannot be read: {error}") from error
