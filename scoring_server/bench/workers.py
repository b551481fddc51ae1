"""Measures several worker processes on one state: throughput, and what a death costs the others."""

import contextlib
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scoring_server import clock
from scoring_server.bench.measure import spread
from scoring_server.engine.engine import Engine
from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.state.dead_worker import release_dead
from scoring_server.state.shared_table import State, StateCapacities, open_state

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

BLOCK_SIZE = 64
_ROUNDS = 3
_ACCOUNTS = 20_000
_CAPACITIES = StateCapacities(65_536, 32_768, 65_536, 1_024, 1_024, 1_000_000)
_WAIT_S = 60.0


def workers(seconds: float) -> dict[str, Any]:
    """Return transactions/s of one and of two workers on one state, and the gap after a death.

    Args:
        seconds: length of each run. The runs alternate.
    """
    one, two = [], []
    for _ in range(_ROUNDS):
        one.append(sum(_run(1, seconds)[0]))
        two.append(sum(_run(2, seconds)[0]))
    ratios = [pair / single for single, pair in zip(one, two, strict=True)]
    gaps_ms = [_run(2, seconds, kill=True)[1] for _ in range(_ROUNDS)]
    return {
        "one_worker": {"transactions_per_s": spread(one)},
        "two_workers": {
            "transactions_per_s": spread(two),
            "ratio_to_one": spread(ratios),
            "gap_after_kill_ms": spread(gaps_ms),
        },
    }


def _run(count: int, seconds: float, *, kill: bool = False) -> tuple[list[float], float]:
    """Run workers side by side; return the rate of each and the last one's longest gap, ms."""
    with tempfile.TemporaryDirectory() as directory:
        state = open_state(Path(directory), _CAPACITIES)
        state.share(begin=True)
        with _started(count, Path(directory), seconds) as crew:
            for _, pipe in crew:
                assert pipe.poll(_WAIT_S), "a worker must get ready"
                pipe.recv()
            for _, pipe in crew:
                pipe.send(None)
            if kill:
                _kill(state, crew.pop(0)[0], seconds / 2)
            results = [pipe.recv() for _, pipe in crew]
    return [rate for rate, _ in results], results[-1][1]


def _kill(state: State, victim: BaseProcess, after_s: float) -> None:
    victim.join(after_s)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join()
    release_dead(state, 0)


@contextlib.contextmanager
def _started(
    count: int, directory: Path, seconds: float
) -> Iterator[list[tuple[BaseProcess, "Connection[Any, Any]"]]]:
    process: BaseProcess
    context = multiprocessing.get_context("spawn")
    crew: list[tuple[BaseProcess, Connection[Any, Any]]] = []
    for worker in range(count):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(directory, worker, seconds, theirs))
        process.start()
        crew.append((process, ours))
    processes = [process for process, _ in crew]
    try:
        yield crew
    finally:
        for process in processes:
            process.join(_WAIT_S)


def _work(directory: Path, worker: int, seconds: float, pipe: "Connection[Any, Any]") -> None:
    """Score blocks for a time in a process of its own; tell the rate and the longest gap, ms."""
    state = open_state(directory, _CAPACITIES)
    state.share(begin=False)
    engine = Engine(state, None, worker=worker)
    rng = np.random.default_rng(worker)
    blocks = [_block(rng) for _ in range(512)]
    next_id = np.uint64((worker + 1) << 48)
    done, longest_ns = 0, 0
    _score(engine, blocks[0], next_id)
    pipe.send(None)
    pipe.recv()
    began_ns = before_ns = clock.monotonic_ns()
    until_ns = began_ns + round(seconds * clock.NS_PER_S)
    while before_ns < until_ns:
        done += 1
        _score(engine, blocks[done % len(blocks)], next_id + np.uint64(done * BLOCK_SIZE))
        now_ns = clock.monotonic_ns()
        longest_ns = max(longest_ns, now_ns - before_ns)
        before_ns = now_ns
    pipe.send((done * BLOCK_SIZE / (before_ns - began_ns) * clock.NS_PER_S, longest_ns / 1e6))


def _score(engine: Engine, rows: NDArray[Any], first_id: np.uint64) -> None:
    ids = np.arange(len(rows), dtype=np.uint64) + first_id
    rows["transaction_key"] = ids * np.uint64(0x9E3779B97F4A7C15)
    engine.lookup(rows)
    engine.assess(rows)


def _block(rng: np.random.Generator) -> NDArray[Any]:
    rows = np.zeros(BLOCK_SIZE, TRANSACTION)
    spread = np.uint64(0x9E3779B97F4A7C15)
    for name, population in (("account_key", _ACCOUNTS), ("merchant_key", 5_000)):
        rows[name] = rng.integers(1, population, BLOCK_SIZE, np.uint64) * spread
    rows["device_key"] = rows["account_key"] + np.uint64(1)
    rows["event_time_ns"] = 1_700_000_000_000_000_000 + rng.integers(0, 10**15, BLOCK_SIZE)
    rows["amount"] = rng.exponential(50.0, BLOCK_SIZE) + 0.01
    for name in ("latitude_deg", "longitude_deg", "reporting_limit"):
        rows[name] = np.nan
    rows["currency"] = 978
    rows["mcc"] = rng.integers(1, 50, BLOCK_SIZE)
    return rows
