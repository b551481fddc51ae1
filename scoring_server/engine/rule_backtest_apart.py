"""Backtests rules in a process of its own, so that those who score keep their processor.

A backtest reads the whole journal, which takes seconds to minutes. It ends with its call.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from scoring_server.engine.rule_backtest import Backtested, backtest_rules
from scoring_server.errors import (
    DeadlineExceededError,
    InternalError,
    NotFoundError,
    ResourceExhaustedError,
)
from scoring_server.rules.rule_set import RuleSet, texts_of

# Chosen by us: an analyst waits no longer; `anomaly rules backtest` has no limit.
TIME_S_MAX: Final = 600.0
_RETRY_AFTER_S: Final = 5.0
_NICENESS: Final = 10
_MISSING: Final = 2
_one_at_a_time = threading.Lock()


def backtest_apart(
    rules: RuleSet,
    data_dir: Path,
    time_s: float | None,
    on_end: Callable[[Callable[[], None]], None],
) -> Backtested:
    """Return what `backtest_rules` returns, from another process.

    Args:
        rules: the set.
        data_dir: with a journal.
        time_s: how long it may take; None for as long as any may.
        on_end: is given what ends the process, to be called when nobody waits any more.

    Raises:
        NotFoundError: there is no journal.
        ResourceExhaustedError: another one runs.
        DeadlineExceededError: it was ended.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise ResourceExhaustedError(
            "one backtest at a time; another one runs",
            reason="BACKTEST_RUNS",
            retry_after_s=_RETRY_AFTER_S,
        )
    try:
        return _run(rules, data_dir, time_s, on_end)
    finally:
        _one_at_a_time.release()


def _run(
    rules: RuleSet,
    data_dir: Path,
    time_s: float | None,
    on_end: Callable[[Callable[[], None]], None],
) -> Backtested:
    command = [sys.executable, "-m", __name__, str(data_dir)]
    limit_s = TIME_S_MAX if time_s is None else min(time_s, TIME_S_MAX)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as child:  # noqa: S603 - our own interpreter, a path as its argument
        on_end(child.kill)
        try:
            told, complaint = child.communicate(rules.content, limit_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise _ended() from None
    if child.returncode < 0:
        raise _ended()
    if child.returncode == _MISSING:
        raise NotFoundError(complaint.decode().strip(), reason="JOURNAL_MISSING")
    if child.returncode:
        raise InternalError(f"the backtest failed: {complaint.decode(errors='replace')}")
    return msgspec.json.decode(told, type=Backtested)


def _ended() -> DeadlineExceededError:
    return DeadlineExceededError(
        f"the backtest was ended before it was through; it may take {TIME_S_MAX:g} s",
        reason="BACKTEST_ENDED",
    )


def main(data_dir: Path) -> int:
    """Backtest the texts from standard input; print the figures as JSON."""
    os.nice(_NICENESS)
    rules = RuleSet(texts_of(sys.stdin.buffer.read()))
    try:
        told = backtest_rules(rules, data_dir)
    except NotFoundError as error:
        sys.stderr.write(error.message)
        return _MISSING
    sys.stdout.buffer.write(msgspec.json.encode(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
