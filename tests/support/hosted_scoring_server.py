"""The scripted scoring server in a thread of its own, for tests that wait for other processes."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.scripted_scoring_server import ScriptedScoringServer

_ANSWER_SECONDS_MAX = 30


class HostedScoringServer:
    """A running scripted scoring server, called from another thread."""

    def __init__(self, server: ScriptedScoringServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop

    @property
    def target(self) -> str:
        return self._server.target

    @property
    def labels(self) -> dict[str, Any]:
        return dict(self._server.labels)

    def score(self, transaction: Any) -> Any:
        return self._wait(self._server.score(transaction))

    def append(self, event: Any) -> Any:
        return self._wait(self._server.append(event))

    def _wait(self, call: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(_ANSWER_SECONDS_MAX)


@contextmanager
def hosted() -> Iterator[HostedScoringServer]:
    """Run a scripted scoring server until the block ends."""
    loop = asyncio.new_event_loop()
    server = ScriptedScoringServer()
    thread = threading.Thread(target=loop.run_forever, name="scripted-scoring-server")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(_ANSWER_SECONDS_MAX)
        yield HostedScoringServer(server, loop)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(_ANSWER_SECONDS_MAX)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
