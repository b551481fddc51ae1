"""The kernels' tests again, interpreted and with bounds checks: the compiled kernels trust."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TESTS = ["tests/unit/scoring_server/kernels", "tests/unit/scoring_server/engine/test_engine.py"]


@pytest.mark.parametrize(
    ("variable", "options"),
    [
        # Interpreted atomics are plain reads and writes, so two processes do lose updates; and
        # NumPy warns of the wrap-around that hashes live by.
        (
            "NUMBA_DISABLE_JIT",
            ["-W", "ignore::RuntimeWarning", "--deselect",
             f"{TESTS[0]}/test_shared_memory.py::test_two_processes_lose_no_update_of_one_record"],
        ),
        ("NUMBA_BOUNDSCHECK", []),
    ],
)  # fmt: skip
def test_kernels_pass_in_another_mode(variable, options):
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *TESTS],
        cwd=ROOT,
        env={**os.environ, variable: "1"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3_000:] + run.stderr[-3_000:]
    assert " passed" in run.stdout
