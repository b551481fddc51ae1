"""A thread pool that knows how many calls it has taken on, so that a server can refuse early."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class BoundedPool(ThreadPoolExecutor):
    """An executor with a bound on the calls that run or wait.

    `submit` itself never refuses: the server asks `is_full` first, in the one thread that submits.
    """

    def __init__(self, name: str, *, threads: int, calls_max: int) -> None:
        super().__init__(max_workers=threads, thread_name_prefix=name)
        self.calls_max = calls_max
        self._pending = 0
        self._pending_lock = threading.Lock()

    @property
    def pending(self) -> int:
        """Calls that run or wait."""
        return self._pending

    @property
    def is_full(self) -> bool:
        """True when one more call would be too many."""
        return self._pending >= self.calls_max

    def submit(
        self,
        fn: Callable[_Arguments, _Result],
        /,
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> Future[_Result]:
        """Run a function in a thread of the pool."""
        with self._pending_lock:
            self._pending += 1
        try:
            future = super().submit(fn, *args, **kwargs)
        except BaseException:
            self._finished(None)
            raise
        future.add_done_callback(self._finished)
        return future

    def _finished(self, _future: object) -> None:
        with self._pending_lock:
            self._pending -= 1
