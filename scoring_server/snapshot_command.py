"""`anomaly snapshot`: make a snapshot in front of a person, or for the server."""

import json
import os
import sqlite3

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from scoring_server.config import ScoringConfig
from scoring_server.snapshotter import SNAPSHOT_DIRECTORY, snapshot_now
from scoring_server.telemetry.log import configure_logging

# Chosen by us: calls that are being answered come first.
_NICENESS = 10


def run_snapshot(config: ScoringConfig, *, machine_readable: bool) -> int:
    """Make a snapshot and say so; return the exit code."""
    configure_logging(config.log_level, config.log_format)
    os.nice(_NICENESS)
    bar = Progress(
        TextColumn("folding"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        disable=machine_readable,
    )
    task = bar.add_task("fold", total=None)

    def show(done: int, _until: int) -> None:
        bar.update(task, completed=done)

    try:
        with bar:
            sequence = snapshot_now(config, show)
    except (OSError, sqlite3.Error) as error:
        message = f"no snapshot was made: {error}. The one before is as good as it was"
        raise click.ClickException(message) from error
    if machine_readable:
        click.echo(json.dumps({"sequence": sequence or 0}))
    elif sequence is None:
        click.echo("the newest snapshot holds all events already")
    else:
        where = config.data_dir / SNAPSHOT_DIRECTORY
        click.echo(f"snapshot of all events up to {sequence} in {where}")
    return 0
