"""Rounds of faults: `make chaos ROUNDS=n` runs them until one ends badly, and says what came of it.

The last line is one JSON object.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from tests.chaos.checker import Report, check
from tests.chaos.faults import FAULTS, WORKER_FAULTS, Fault
from tests.chaos.installation import Installation
from tests.support.small_disk import small_disk

DISK_MIB = 1_024
_TOLD_BEFORE_MAX = 80


@contextmanager
def installed(folder: Path, seed: int, workers: int = 1) -> Iterator[Installation]:
    with small_disk(folder / "disk", DISK_MIB) as disk:
        installation = Installation(folder, disk, seed, workers)
        try:
            yield installation
        finally:
            installation.close()


def run_round(
    installation: Installation, fault: Fault, drawn: random.Random, report: Report
) -> None:
    """Let a fault happen at some moment under load, then look at everything."""
    installation.load.go_on()
    installation.load.await_told(drawn.randint(1, _TOLD_BEFORE_MAX))
    fault(installation, drawn)
    installation.load.await_told(drawn.randint(1, _TOLD_BEFORE_MAX))
    check(installation, report)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--only", choices=[fault.__name__ for fault in WORKER_FAULTS])
    parser.add_argument("--workers", type=int, default=1, help="of the scoring server")
    asked = parser.parse_args()
    possible = WORKER_FAULTS if asked.workers > 1 else FAULTS
    faults = [fault for fault in possible if asked.only in {None, fault.__name__}]
    if not faults:
        parser.error(f"{asked.only} needs --workers 2 or more")
    click.echo(f"seed {asked.seed}")
    drawn, report = random.Random(asked.seed), Report()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    with installed(folder, asked.seed, asked.workers) as installation:
        for number in range(1, asked.rounds + 1):
            fault = drawn.choice(faults)
            began = time.monotonic()
            run_round(installation, fault, drawn, report)
            took_s = time.monotonic() - began
            click.echo(
                f"{number}: {fault.__name__}, {report.transactions} transactions, {took_s:.0f} s"
            )
            if not report.is_good:
                break
    click.echo(f"logs are in {folder}")
    click.echo(json.dumps({"seed": asked.seed, **asdict(report)}))
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
