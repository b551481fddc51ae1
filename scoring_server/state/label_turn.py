"""Whose turn it is to take labels in: one worker at a time.

What a label changes depends on those before it, so between looking at them and noting the new one
no other worker may take any in. When a worker dies in its turn, the one that takes its place ends
the turn, once the label index knows what was taken in.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scoring_server.errors import UnavailableError
from scoring_server.file_lock import FileLock
from scoring_server.state.shared_table import State

_LOCK_FILE = "labels.lock"


class LabelTurn:
    """The turn of one worker.

    Args:
        state: shared.
        worker: index of this process.
        is_behind: tells whether this worker has not noted yet what it took in. Then it keeps the
            turn.
    """

    def __init__(self, state: State, worker: int, is_behind: Callable[[], bool]) -> None:
        assert state.directory is not None
        self._common = state.workers[:1]
        self._name = worker + 1
        self._is_behind = is_behind
        self._lock = FileLock(state.directory / _LOCK_FILE)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Wait for the turn and hold it.

        Raises:
            UnavailableError: a worker died in its turn and its replacement is not there yet, or has
                taken labels in that the disk has no room to note.
        """
        with self._lock:
            holder = int(self._common["labels_holder"][0])
            if holder not in {0, self._name}:
                raise UnavailableError(
                    "labels wait for another worker; try again shortly",
                    reason="LABELS_PENDING",
                )
            self._common["labels_holder"] = self._name
            try:
                yield
            finally:
                if not self._is_behind():
                    self._common["labels_holder"] = 0

    @property
    def is_unfinished(self) -> bool:
        """Whether the one before died in its turn."""
        return int(self._common["labels_holder"][0]) == self._name
