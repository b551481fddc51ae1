"""A child's lines are passed on and kept, and it is gone after a stop."""

import os
import sys

import pytest

from scoring_server.child_process import ChildProcess

IGNORES_SIGTERM = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); signal.pause()"
)


async def start(program: str, line_count_max: int = 3) -> ChildProcess:
    return await ChildProcess.start(
        "child", [sys.executable, "-c", program], os.environ, line_count_max
    )


async def test_end_is_told_with_exit_code_and_last_lines(
    capfd: pytest.CaptureFixture[str],
) -> None:
    child = await start("for n in range(5): print('line', n)\nraise SystemExit(7)")
    assert await child.wait() == 7
    assert child.obituary() == (
        "child ended with exit code 7. Its last lines:\n  line 2\n  line 3\n  line 4"
    )
    assert "   child | line 0\n" in capfd.readouterr().err


async def test_silent_end_is_told_as_well() -> None:
    child = await start("import os; os.kill(os.getpid(), 9)")
    await child.wait()
    assert child.obituary() == (
        "child ended with signal SIGKILL. Its last lines:\n  (it wrote nothing)"
    )


async def test_stop_ends_a_willing_child_at_once() -> None:
    child = await start("import signal; print('ready', flush=True); signal.pause()")
    await child.stop(30)
    assert await child.wait() == -15


async def test_stop_kills_a_child_that_does_not_listen() -> None:
    child = await start(IGNORES_SIGTERM)
    while "ready" not in child.last_lines():
        assert not await child.ended_within(0.01)
    await child.stop(0.1)
    assert await child.wait() == -9


async def test_overlong_line_does_not_stop_the_reading() -> None:
    child = await start("print('x' * (3 << 20)); print('after')")
    assert await child.wait() == 0
    assert child.last_lines().endswith("  after")
