"""Bring the state and the journal to agree when the server starts.

The state is the fold of the journal. After a clean stop it is that already, and after the death of
a process that was not just changing it, too. Otherwise it may hold a change whose event never
reached the journal (nobody was answered for it), half a change, or, after a power cut, any mix of
old and new pages; then it is emptied and folded anew, in the order of the sequences.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np

from scoring_server.engine.engine import Engine
from scoring_server.journal.journal import KIND_TRANSACTION, Journal
from scoring_server.kernels.dtypes import LABEL, TRANSACTION

_BLOCK_SIZE = 4_096


def is_current(engine: Engine, journal: Journal) -> bool:
    """Return whether the state is the fold of the whole journal."""
    return engine.state.was_whole and engine.sequence == journal.last_sequence


def recover(
    engine: Engine, journal: Journal, progress: Callable[[int, int], None] = lambda _a, _b: None
) -> int:
    """Rebuild the state from the journal unless it is current; return the events folded.

    Args:
        engine: bound to the state; its model is not asked.
        journal: must be complete from its first event.
        progress: called with events done and the last sequence, after each block.
    """
    if is_current(engine, journal):
        return 0
    engine.state.reset()
    done = 0
    after = 0
    while records := journal.read(after, _BLOCK_SIZE):
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
        progress(done, journal.last_sequence)
    return done
