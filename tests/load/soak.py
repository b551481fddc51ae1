"""Half an hour of even load: does the memory of a process or the number of its files grow?

    PYTHONPATH=.:proto python -m tests.load.soak --rate 1000 --minutes 30

starts both servers on a new data directory, sends single Score calls, now and then a label and a
look at the console's pages, and notes of every process its resident memory and its open files. One
JSON line at the end, with the change over the last third of the time.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from pathlib import Path

import click
import httpx
import psutil
from numpy.typing import NDArray

from scoring_server.rpc.client import ScoringClient
from tests.integration.scoring_server.messages import label
from tests.load.measure_database_away import Load, latencies
from tests.support.product import Product, product

_PAGES = ("/", "/api/alerts?limit=50", "/api/dashboard/metrics")
_SAMPLE_S = 10.0
_MIB = 1 << 20


class Watch:
    """Notes what each process holds until it is stopped."""

    def __init__(self, installed: Product) -> None:
        self.memory: dict[str, list[float]] = {}
        self.files: dict[str, list[int]] = {}
        self._processes = {_name(each): each for each in installed.program.family()}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_SAMPLE_S):
            for name, process in self._processes.items():
                self.memory.setdefault(name, []).append(process.memory_info().rss / _MIB)
                self.files.setdefault(name, []).append(process.num_fds())

    def figures(self) -> dict[str, dict[str, float]]:
        """Compare the two halves of the last third of the time."""
        return {
            name: {
                "memory_mib": round(self.memory[name][-1], 1),
                "memory_change_pct": _change_pct(self.memory[name]),
                "files_most_before": max(_halves(self.files[name])[0]),
                "files_most_after": max(_halves(self.files[name])[1]),
            }
            for name in self.memory
        }


def _name(process: psutil.Process) -> str:
    arguments = process.cmdline()
    return f"{' '.join(arguments[3:])} {process.pid}"


def _halves(values: list) -> tuple[list, list]:
    last = values[-max(len(values) // 3, 2) :]
    return last[: len(last) // 2], last[len(last) // 2 :]


def _change_pct(values: list[float]) -> float:
    before, after = map(statistics.mean, _halves(values))
    return round(100 * (after / before - 1), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=1_000.0, help="calls a second")
    parser.add_argument("--minutes", type=float, default=30.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, product(Path(folder)) as installed:
        watch = Watch(installed)
        try:
            load = Load(installed, given.rate)
            took = soak(installed, load, given.minutes)
        finally:
            watch.stop()
        figures = {
            "rate": given.rate,
            "minutes": given.minutes,
            "answered": load.sent,
            "refused": load.refused,
            "last_minute_ms": latencies(took),
            "processes": watch.figures(),
        }
        click.echo(json.dumps(figures))


def soak(installed: Product, load: Load, minutes: float) -> NDArray:
    """Send the load a minute at a time; return the latencies of the last one."""
    ends = time.monotonic() + 60 * minutes
    took = load.run(5)
    number = 0
    with ScoringClient(installed.target) as client, httpx.Client(base_url=installed.url) as pages:
        while (left_s := ends - time.monotonic()) > 0:
            took = load.run(min(60.0, left_s))
            for page in _PAGES:
                pages.get(page).raise_for_status()
            for _ in range(20):
                number += 1
                sent = f"{load.prefix}-{number * 7}"
                client.report_labels([label(f"soak-{number}", sent, number % 2 + 1)], timeout_s=30)
            click.echo(f"{load.sent} sent, {max(left_s - 60, 0) / 60:.0f} minutes left", err=True)
    return took


if __name__ == "__main__":
    main()
