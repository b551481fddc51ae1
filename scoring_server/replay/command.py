"""`anomaly replay`: load, resume, show progress, report."""

import asyncio
import os
import signal
from pathlib import Path

import click
import grpc
import pyarrow as pa
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as ProgressBar,
)

from scoring_server import clock
from scoring_server.clock import NS_PER_S
from scoring_server.errors import UnavailableError
from scoring_server.evaluation.mapping import load_transactions
from scoring_server.replay.progress_file import Progress, ProgressFile
from scoring_server.replay.replayer import SAVE_INTERVAL_NS, Replayer, ReplayOptions
from scoring_server.replay.report import as_json, print_report, report
from scoring_server.rpc.client_tls import client_tls

INTERRUPTED_EXIT_CODE = 130


class ReplayRun:
    """One run of the command.

    Args:
        source: the file.
        mapping: as `load_transactions` takes it.
        target: host:port of the scoring server.
        options: how to send.
        progress_dir: where progress is kept between runs.
    """

    def __init__(
        self,
        source: Path,
        mapping: str,
        target: str,
        options: ReplayOptions,
        progress_dir: Path,
    ) -> None:
        self._source = source
        self._mapping = mapping
        self._target = target
        self._options = options
        self._saved = ProgressFile(progress_dir, source, mapping, target)
        self._saved_ns = 0
        self._console = Console(stderr=True)

    def run(self, *, offset: int, limit: int | None, resume: bool, machine_readable: bool) -> int:
        """Replay and report; return the exit code.

        Args:
            offset: rows at the start, in event order, that are left out.
            limit: last row that is sent, counted from `offset`; None is the end.
            resume: go on after the last acknowledged row of the run before.
            machine_readable: end with one JSON line on stdout instead of a table.
        """
        self._console.print(f"Reading {self._source} ...")
        end = None if limit is None else offset + limit
        table = load_transactions(self._source, self._mapping, end)
        start = self._start(offset, resume)
        if start.acknowledged >= table.num_rows:
            self._console.print(f"Nothing to send: {table.num_rows:,} rows, all done before.")
        began_ns = clock.monotonic_ns()
        replayer, code = asyncio.run(self._send(table, start))
        figures = report(replayer.tally, (clock.monotonic_ns() - began_ns) / NS_PER_S)
        if machine_readable:
            click.echo(as_json(figures))
        else:
            print_report(Console(), figures)
        return code

    def _start(self, offset: int, resume: bool) -> Progress:
        if not resume:
            return Progress(acknowledged=offset, labelled=offset)
        saved = self._saved.read()
        if saved is None:
            self._console.print("No progress is saved for this file and target: from the start.")
            return Progress(acknowledged=offset, labelled=offset)
        self._console.print(f"Resuming after row {saved.acknowledged:,}.")
        return saved

    async def _send(self, table: pa.Table, start: Progress) -> tuple[Replayer, int]:
        bar = ProgressBar(
            TextColumn("replay"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
        )
        task = bar.add_task(
            "replay", total=table.num_rows, completed=start.acknowledged, rate="", note=""
        )
        began_ns = clock.monotonic_ns()

        def show(progress: Progress) -> None:
            now_ns = clock.monotonic_ns()
            seconds = (now_ns - began_ns) / NS_PER_S
            rate = (progress.acknowledged - start.acknowledged) / max(seconds, 1e-3)
            bar.update(task, completed=progress.acknowledged, rate=f"{rate:,.0f}/s", note="")
            if now_ns - self._saved_ns > SAVE_INTERVAL_NS:
                self._saved.write(progress)
                self._saved_ns = now_ns

        def wait(trouble: str) -> None:
            bar.update(task, note=f"waiting for the server ({trouble[:60]})")

        replayer = Replayer(table, self._options, start, on_progress=show, on_wait=wait)
        sending = asyncio.create_task(replayer.run(self._target, client_tls(os.environ)))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, sending.cancel)
        with bar:
            code = await self._outcome(sending)
        if code == 0:
            self._saved.remove()
        else:
            self._saved.write(replayer.progress)
            self._console.print("Progress is saved; the same command with --resume goes on.")
        return replayer, code

    async def _outcome(self, sending: asyncio.Task[None]) -> int:
        await asyncio.wait({sending})
        if sending.cancelled():
            return INTERRUPTED_EXIT_CODE
        error = sending.exception()
        if error is None:
            return 0
        if isinstance(error, UnavailableError):
            self._console.print(error.message)
        elif isinstance(error, grpc.aio.AioRpcError):
            self._console.print(f"the server refused: {error.code().name}: {error.details()}")
        else:
            raise error
        return 1
