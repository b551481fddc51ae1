"""A child process whose output is passed on line by line and whose last words are kept."""

import asyncio
import collections
import signal
from collections.abc import Mapping, Sequence

import click

# A log line longer than this is cut; chosen by us, far above any line of ours.
LINE_BYTES_MAX = 1 << 20
_OUTPUT_SECONDS_MAX = 1.0


class ChildProcess:
    """A running program of ours. Create it with `start`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, line_count_max: int) -> None:
        self.name = name
        self._process = process
        self._lines: collections.deque[str] = collections.deque(maxlen=line_count_max)
        self._pump = asyncio.create_task(self._pass_on())
        self._end = asyncio.create_task(process.wait())

    @classmethod
    async def start(
        cls,
        name: str,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        line_count_max: int,
    ) -> "ChildProcess":
        """Start a program in a process group of its own, so that Ctrl-C reaches only us."""
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env=dict(environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LINE_BYTES_MAX,
            start_new_session=True,
        )
        return cls(name, process, line_count_max)

    async def _pass_on(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                # The line was too long; what was read of it is dropped, the rest follows.
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text)
            click.echo(f"{self.name:>8} | {text}", err=True)

    async def wait(self) -> int:
        """Wait for the end and return the exit code; negative is the signal that ended it."""
        code = await asyncio.shield(self._end)
        # A grandchild may hold the pipe open, so the last lines get a limited time.
        await asyncio.wait({self._pump}, timeout=_OUTPUT_SECONDS_MAX)
        return code

    async def ended_within(self, seconds: float) -> bool:
        """Wait up to `seconds` for the end and return whether it came."""
        await asyncio.wait({self._end}, timeout=seconds)
        if self._end.done():
            await self.wait()
        return self._end.done()

    async def stop(self, seconds_max: float) -> None:
        """Ask the process to end, and kill it when it has not after `seconds_max`."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        if not await self.ended_within(seconds_max):
            click.echo(f"{self.name} did not stop within {seconds_max:.0f} s, killing it", err=True)
            self.kill()
            await self.wait()

    def kill(self) -> None:
        """End the process at once."""
        if self._process.returncode is None:
            self._process.kill()

    def last_lines(self) -> str:
        """Return the last lines that it wrote, indented."""
        return "\n".join(f"  {line}" for line in self._lines) or "  (it wrote nothing)"

    def obituary(self) -> str:
        """Say how the process ended and what it said last."""
        code = self._process.returncode
        assert code is not None
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self.name} ended with {how}. Its last lines:\n{self.last_lines()}"
