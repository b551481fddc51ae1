"""Bring the state and the journal to agree when the server starts.

The state is the fold of the journal. After a clean stop it is that already, and after the death of
a process that was not just changing it, too. Otherwise it may hold a change whose event never
reached the journal (nobody was answered for it), half a change, or, after a power cut, any mix of
old and new pages; then it is taken from the newest snapshot, and the events after that are folded
in the order of their sequences.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Any, Protocol

import numpy as np

from scoring_server.engine.engine import Engine
from scoring_server.errors import ConfigurationError
from scoring_server.journal.journal import KIND_TRANSACTION, JournalRecord
from scoring_server.kernels.dtypes import LABEL, TRANSACTION
from scoring_server.state.snapshots import Snapshots

_BLOCK_SIZE = 4_096

Progress = Callable[[int, int], None]


class Events(Protocol):
    """The part of a journal that recovery reads; see journal/journal.py."""

    @property
    def journal_id(self) -> str:
        """Identity of the journal."""

    @property
    def first_sequence(self) -> int:
        """Oldest sequence kept; 0 when nothing is."""

    @property
    def last_sequence(self) -> int:
        """Newest sequence ever appended; 0 when nothing was."""

    def read(self, after_sequence: int, limit: int) -> list[JournalRecord]:
        """Return at most `limit` records after a position, oldest first; empty at the end."""


def is_current(engine: Engine, journal: Events) -> bool:
    """Return whether the state is the fold of the whole journal."""
    return engine.state.was_whole and engine.sequence == journal.last_sequence


def recover(
    engine: Engine,
    journal: Events,
    snapshots: Snapshots | None = None,
    progress: Progress = lambda _a, _b: None,
    *,
    partial: bool = False,
) -> int:
    """Rebuild the state unless it is current; return the events folded.

    Args:
        engine: bound to the state; its model is not asked.
        journal: what the state is the fold of.
        snapshots: where to start from, none of them ahead of the journal; None folds the journal
            from its first event.
        progress: called with events done and the last sequence, after each block.
        partial: accept a state without the events that the journal has dropped.

    Raises:
        ConfigurationError: the journal has dropped events that no snapshot holds, and `partial` is
            not set.
    """
    if is_current(engine, journal):
        return 0
    snapshot = None if snapshots is None else snapshots.newest(journal.journal_id)
    after = 0 if snapshot is None else snapshot.sequence
    if journal.first_sequence > after + 1 and not partial:
        raise ConfigurationError(
            f"the state must be rebuilt and the journal begins at event {journal.first_sequence}, "
            f"but the newest usable snapshot ends at {after}: restore `snapshots/` from a backup, "
            "or start once with RECOVERY=partial, which forgets what the missing events told of "
            "their entities",
            reason="STATE_INCOMPLETE",
        )
    if snapshot is None:
        engine.state.reset()
    else:
        engine.state.replace_with(snapshot.directory)
    return fold(engine, journal, after, journal.last_sequence, progress)


def fold(
    engine: Engine,
    journal: Events,
    after: int,
    until: int,
    progress: Progress = lambda _a, _b: None,
) -> int:
    """Let the state learn the events in (after, until]; return how many there were."""
    done = 0
    while after < until:
        records = journal.read(after, min(_BLOCK_SIZE, until - after))
        records = [record for record in records if record.sequence <= until]
        if not records:
            break
        for kind, group in groupby(records, key=lambda record: record.kind):
            members = list(group)
            dtype: np.dtype[Any] = TRANSACTION if kind == KIND_TRANSACTION else LABEL
            # A view of bytes is read-only, which the kernels' signatures do not take.
            rows = np.frombuffer(b"".join(member.row for member in members), dtype).copy()
            sequences = np.array([member.sequence for member in members], np.uint64)
            if kind == KIND_TRANSACTION:
                engine.replay_transactions(rows, sequences)
            else:
                engine.replay_labels(rows, sequences)
        done += len(records)
        after = records[-1].sequence
        progress(done, until)
    return done
