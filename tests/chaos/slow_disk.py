"""A disk that answers late: strace holds back the calls that write, in processes that run."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from tests.support.product import wait_for

_CALLS = "fdatasync,fsync,msync,sync_file_range,fallocate,rename,unlink"
_DELAYED = b"(DELAYED)"
_END_SECONDS_MAX = 30


@contextlib.contextmanager
def slowed(processes: Sequence[psutil.Process], delay_ms: int) -> Iterator[None]:
    """Have every call that writes to the disk begin so much later, in all threads."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("no strace on this machine; Debian's package strace has it")
    attached = [f"--attach={process.pid}" for process in processes]
    inject = f"--inject={_CALLS}:delay_enter={delay_ms}ms"
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder) / "calls"
        tracer = subprocess.Popen(
            [program, "-f", f"--output={seen}", f"--trace={_CALLS}", inject, *attached],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(
                "a call that was held back",
                lambda: seen.exists() and _DELAYED in seen.read_bytes(),
            )
            yield
        finally:
            tracer.terminate()
            tracer.wait(_END_SECONDS_MAX)
