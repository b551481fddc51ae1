"""Compares the tables of two states by what they hold, not by where it lies.

With several workers the slot of a record depends on who came first.
"""

import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.engine import Engine
from scoring_server.journal.journal import JournalRecord
from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.state.shared_table import State

_KEY_SIZE = 8


def by_key(table: NDArray) -> dict[int, bytes]:
    """Return what is known of each key.

    A key with nothing behind it is left out: a worker finds the records of a transaction before it
    learns that another was quicker with its id.
    """
    assert table.dtype.fields is not None
    assert table.dtype.fields["key"][1] == 0
    occupied = {int(record["key"]): record.tobytes() for record in table if record["key"]}
    return {key: content for key, content in occupied.items() if any(content[_KEY_SIZE:])}


def knows_all(state: State, transactions: list[JournalRecord]) -> bool:
    """Tell whether the replay guard answers each of them with its own sequence.

    It may hold a place of an id that was taken back, so that its bytes say nothing.
    """
    rows = np.frombuffer(b"".join(each.row for each in transactions), TRANSACTION).copy()
    known = Engine(state, None).lookup(rows)
    sequences = [each.sequence for each in transactions]
    return known.sequences.tolist() == sequences and bool(known.same_content.all())
