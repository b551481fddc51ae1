"""The commands `anomaly receipt`; they import late what they need."""

import os
from pathlib import Path

import click

from scoring_server.command_options import json_option
from scoring_server.config import load_config


@click.group()
def receipt() -> None:
    """Prove what was decided."""


@receipt.command("verify")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option(
    "--public-key",
    "public_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="PEM file of a key that may have signed; else the one in the data directory.",
)
@json_option
def receipt_verify(
    *, path: Path | None, public_keys: tuple[Path, ...], machine_readable: bool
) -> None:
    """Check the chain of all events in the data directory PATH, DATA_DIR when left out.

    Needs no server, and may run beside one. Names each place that was tampered with.
    """
    from scoring_server.receipts.command import run_verify

    where = path or load_config(os.environ).data_dir
    raise SystemExit(run_verify(where, public_keys, machine_readable=machine_readable))


_DATA_DIR_OPTION = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="A data directory; else DATA_DIR."
)


@receipt.command("replay")
@click.argument("transaction_id")
@_DATA_DIR_OPTION
@json_option
def receipt_replay(*, transaction_id: str, data_dir: Path | None, machine_readable: bool) -> None:
    """Decide a transaction again from what was recorded with it, and show any difference.

    Needs no server, and may run beside one.
    """
    from scoring_server.receipts.command import run_replay

    where = data_dir or load_config(os.environ).data_dir
    raise SystemExit(run_replay(where, transaction_id, machine_readable=machine_readable))


@receipt.command("explain")
@click.argument("transaction_id")
@_DATA_DIR_OPTION
@json_option
def receipt_explain(*, transaction_id: str, data_dir: Path | None, machine_readable: bool) -> None:
    """Say what raised a transaction's score, and what would have been enough for approval.

    Needs no server, and may run beside one; needs the model that scored, as it was, in MODEL_DIR.
    """
    from scoring_server.receipts.command import run_explain

    config = load_config(os.environ)
    where = data_dir or config.data_dir
    code = run_explain(where, transaction_id, config.model_dir, machine_readable=machine_readable)
    raise SystemExit(code)


@receipt.command("export")
@click.argument("transaction_id")
@_DATA_DIR_OPTION
def receipt_export(*, transaction_id: str, data_dir: Path | None) -> None:
    """Write what was recorded with a transaction, and what proves it, as JSON."""
    from scoring_server.receipts.command import run_export

    raise SystemExit(run_export(data_dir or load_config(os.environ).data_dir, transaction_id))
