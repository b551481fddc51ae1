"""Compares the tables of two states by what they hold, not by where it lies.

With several workers the slot of a record depends on who came first.
"""

import numpy as np
from numpy.typing import NDArray

from scoring_server.engine.engine import Engine
from scoring_server.journal.journal import JournalRecord
from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.state.shared_table import State


def by_key(table: NDArray) -> dict[int, bytes]:
    return {int(record["key"]): record.tobytes() for record in table if record["key"]}


def knows_all(state: State, transactions: list[JournalRecord]) -> bool:
    """Tell whether the replay guard answers each of them with its own sequence.

    It may hold a place of an id that was taken back, so that its bytes say nothing.
    """
    rows = np.frombuffer(b"".join(each.row for each in transactions), TRANSACTION).copy()
    known = Engine(state, None).lookup(rows)
    sequences = [each.sequence for each in transactions]
    return known.sequences.tolist() == sequences and bool(known.same_content.all())
