"""The database away under load: does scoring notice, and how soon is everything there afterwards?

    PYTHONPATH=.:proto python -m tests.load.measure_database_away --rate 2000 --seconds 60

starts PostgreSQL and both servers, sends single Score calls at random moments, first with all
there, then with the database stopped, then with it back. The threshold lets few of the made-up
payments raise an alert. One JSON line at the end: the latencies of the three spans, their ratio,
and the seconds from the return of the database until all of before was in it.
"""

import argparse
import json
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import numpy as np
from anomaly.v1 import scoring_service_pb2
from numpy.typing import NDArray

from scoring_server.bench.corpus import Corpus
from scoring_server.bench.http2_load import run_open_load
from scoring_server.bench.measure import SCORE
from tests.chaos.database import Database
from tests.support.product import Product, product

_CONNECTIONS = 16
_SPAN_SECONDS_MAX = 5
_LATE_S_MAX = 0.001
_THRESHOLD = "90"
_WAIT_SECONDS_MAX = 600.0


class Load:
    """Sends calls to the scoring server for a while.

    Attributes:
        sent: calls that were answered.
        refused: calls that were shed.
    """

    def __init__(self, installed: Product, rate: float) -> None:
        host, port = installed.target.split(":")
        self.address = host, int(port)
        self.rate, self.sent, self.refused = rate, 0, 0
        self.prefix = "load"
        self._corpus = Corpus(self.prefix)

    def run(self, seconds: float) -> NDArray[np.int64]:
        """Return the latencies, ns. Messages are made before the clock starts, a few at a time."""
        found = []
        while seconds > 0:
            span = min(seconds, _SPAN_SECONDS_MAX)
            seconds -= span
            messages = [
                scoring_service_pb2.ScoreRequest(transaction=each).SerializeToString()
                for each in self._corpus.take(round(self.rate * span))
            ]
            answered = run_open_load(
                self.address,
                SCORE,
                messages,
                connection_count=_CONNECTIONS,
                rate_per_s=self.rate,
                seed=self.sent,
                may_refuse=True,
                # The servers and the database need the cores.
                late_s_max=_LATE_S_MAX,
            )
            self.sent += len(answered)
            self.refused += len(messages) - len(answered)
            found.append(answered)
        return np.concatenate(found)


def latencies(found: NDArray[np.int64]) -> dict[str, float]:
    """Return the percentiles in milliseconds."""
    return {f"p{each}": round(float(np.percentile(found, each)) / 1e6, 3) for each in (50, 99)}


def stored(database: Database) -> int:
    """Return the position of the feed, which is the number of calls that were taken in."""
    return int(database.rows("SELECT max(sequence) FROM feed_position")[0][0])


def await_stored(database: Database, number: int) -> None:
    """Return once the database has so many; asked rarely, because asking is work as well."""
    deadline = time.monotonic() + _WAIT_SECONDS_MAX
    while stored(database) < number:
        assert time.monotonic() < deadline, f"{stored(database)} of {number} after all that time"
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=2_000.0, help="calls a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="that the database is away")
    given = parser.parse_args()
    database = Database()
    try:
        with tempfile.TemporaryDirectory(prefix="away-") as folder:
            measure(Path(folder), database, given.rate, given.seconds)
    finally:
        database.close()


def measure(folder: Path, database: Database, rate: float, seconds: float) -> None:
    """Measure, and print what came of it."""
    with product(folder, DATABASE_URL=database.url, ALERT_THRESHOLD=_THRESHOLD) as installed:
        load = Load(installed, rate)

        load.run(5)
        before = load.run(seconds)
        behind = load.sent - stored(database)
        database.end(signal.SIGINT)
        away = load.run(seconds)
        sent = load.sent
        database.start()
        began = time.monotonic()
        with ThreadPoolExecutor(1) as going_on:
            calls = going_on.submit(load.run, seconds)
            await_stored(database, sent)
            caught_up_s = time.monotonic() - began
            after = calls.result()
        await_stored(database, load.sent)
        figures = {
            "rate": rate,
            "before_ms": latencies(before),
            "away_ms": latencies(away),
            "after_ms": latencies(after),
            "p99_ratio_away": round(float(np.percentile(away, 99) / np.percentile(before, 99)), 2),
            "behind_before": behind,
            "sent": load.sent,
            "refused": load.refused,
            "alerts": database.rows("SELECT count(*) FROM alerts")[0][0],
            "missing": load.sent - database.rows("SELECT count(*) FROM transactions")[0][0],
            "caught_up_s": round(caught_up_s, 1),
        }
        click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
