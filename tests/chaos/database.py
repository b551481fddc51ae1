"""PostgreSQL of the wheel, with an end and a beginning of its own."""

import contextlib
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg

from tests.support.postgresql import KEEPER

_END_SECONDS_MAX = 60


class Database:
    """A server on a folder of its own; `url` stays the same when it is started again."""

    def __init__(self) -> None:
        # Short, because the path of its socket may be no longer than 107 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
        self._keepers: list[subprocess.Popen[str]] = []
        self.url = ""
        self.start()

    def start(self) -> None:
        keeper = subprocess.Popen(
            [sys.executable, "-c", KEEPER, self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._keepers.append(keeper)
        assert keeper.stdout is not None
        url = keeper.stdout.readline().strip()
        assert url, "PostgreSQL did not start"
        assert self.url in {"", url}
        self.url = url

    def end(self, number: signal.Signals) -> None:
        """SIGINT ends it in order and drops its clients; SIGKILL does not."""
        pid = int((Path(self._folder.name) / "postmaster.pid").read_text().split("\n")[0])
        server = psutil.Process(pid)
        family = [server, *server.children()]
        server.send_signal(number)
        _, alive = psutil.wait_procs(family[:1], _END_SECONDS_MAX)
        assert not alive
        # It can only be started again once the last of them has let go of the shared memory.
        for each in family[1:]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGQUIT)
        psutil.wait_procs(family, _END_SECONDS_MAX)

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def close(self) -> None:
        for keeper in reversed(self._keepers):
            keeper.communicate("")
        self._folder.cleanup()
