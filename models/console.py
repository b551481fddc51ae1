"""What the model commands show: progress on stderr, tables or one JSON line on stdout."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table


@contextmanager
def progress_bar(what: str, total: float | None = None) -> Iterator["Bar"]:
    """Show a bar on stderr while the block runs; gone when it ends.

    Args:
        what: what is being done.
        total: units of work; None shows a pulse.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        yield Bar(progress, what, total)


class Bar:
    """A running progress bar."""

    def __init__(self, progress: Progress, what: str, total: float | None) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=total)

    def move(self, completed: float) -> None:
        """Show that so many units are done."""
        self._progress.update(self._task, completed=completed)

    def say(self, what: str, completed: float | None = None) -> None:
        """Show what is being done."""
        self._progress.update(self._task, description=what, completed=completed)


def say(text: str) -> None:
    """Tell the user something that is no result, on stderr."""
    Console(stderr=True).print(text, highlight=False)


def show(title: str, figures: Mapping[str, Any], *, machine_readable: bool) -> None:
    """Show results on stdout: one JSON line, or a table of two columns with a section a group."""
    if machine_readable:
        click.echo(json.dumps(figures, allow_nan=False))
        return
    table = Table(title=title, show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in figures.items():
        if isinstance(value, Mapping):
            if value:
                table.add_section()
            for inner, each in value.items():
                table.add_row(f"{_spaced(name)}: {_spaced(inner)}", _cell(each))
        else:
            table.add_row(_spaced(name), _cell(value))
    Console().print(table)


def _spaced(name: str) -> str:
    return name.replace("_", " ") if name.islower() else name


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}" if -1.0 <= value <= 1.0 else f"{value:,.1f}"
    return str(value)
