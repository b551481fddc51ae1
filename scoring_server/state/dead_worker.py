"""Names the processes that share a state, and sets right what a dead one left half done."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from scoring_server.kernels.guard import guard_find
from scoring_server.state.shared_table import State

_START_BITS, _PID_BITS = 35, 22
# Field of /proc/PID/stat that tells when the process started, counted behind the name's bracket.
_START_FIELD = 19
_NO_KEY = np.uint64(0)


def owner_word(worker: int) -> np.uint64:
    """Return the word that names this process in its locks; never 0, never given twice a boot."""
    pid = os.getpid()
    start = (_start_ticks(pid) or 0) & ((1 << _START_BITS) - 1)
    return np.uint64(worker << (_START_BITS + _PID_BITS) | pid << _START_BITS | start)


def is_alive(owner: int) -> bool:
    """Return whether the process that a word names still runs. One that was not awaited does not.

    Off Linux nobody can tell, and it counts as alive.
    """
    if not Path("/proc/self/stat").exists():
        return True
    pid = owner >> _START_BITS & ((1 << _PID_BITS) - 1)
    start = _start_ticks(pid)
    return start is not None and start & ((1 << _START_BITS) - 1) == owner & (
        (1 << _START_BITS) - 1
    )


def release_dead(state: State, worker: int) -> int:
    """Undo the change that a dead worker was in and free its locks; return how many it held.

    The others may go on meanwhile: what is touched here is locked by the dead one. To be called by
    one process, once the worker is known to have ended. Costs microseconds, whatever the capacity.

    Args:
        state: shared, see State.share.
        worker: its index. A replacement may begin afterwards; it finds in the notes how far the
            dead one came, see seat.py.
    """
    notes = state.workers[worker]
    owner = int(notes["owner"])
    if not owner:
        return 0
    if notes["changing"]:
        _put_back(state, notes)
        _forget_id(state, notes, owner)
        notes["sequence"] = 0
        notes["changing"] = 0
    common = state.workers[0]
    held = 0
    for lock in ("guard_lock", "eviction_lock"):
        if int(common[lock]) == owner:
            common[lock] = 0
            held += 1
    for table, slot in zip(notes["lock_table"].tolist(), notes["lock_slot"].tolist(), strict=True):
        record = state.tables[1 + table][slot]
        if int(record["lock"]) == owner:
            record["lock"] = 0
            held += 1
    state.header["busy"][worker] = 0
    notes["owner"] = 0
    return held


def _put_back(state: State, notes: Any) -> None:
    for place in range(int(notes["image_count"])):
        table, slot = int(notes["image_table"][place]), int(notes["image_slot"][place])
        records = state.tables[1 + table]
        image = notes["image"][place][: records.dtype.itemsize].tobytes()
        record = np.frombuffer(image, records.dtype)[0]
        # All but the lock, field by field, because the lock is freed last.
        for name in records.dtype.names or ():
            if name != "lock":
                records[name][slot] = record[name]


def _forget_id(state: State, notes: Any, owner: int) -> None:
    """Take out of the guard what the change put in, wherever it got to."""
    key = np.uint64(notes["guard_key"])
    if key == _NO_KEY:
        return
    header, guard = state.tables[0], state.tables[-1]
    table, slot = guard_find(header, guard, key)
    if int(state.workers[0]["guard_lock"]) == owner:
        # Nobody has put anything in since, so the slot is free again.
        if slot >= 0:
            guard[table, slot]["generation"] = 0
        header[0]["guard_generation"] = notes["guard_generation"]
        header[0]["guard_count"] = notes["guard_count"]
    elif slot >= 0:
        # Others may lie behind it in the same probe, so the slot stays taken.
        guard[table, slot]["key"] = _NO_KEY


def _start_ticks(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        return None
    return int(fields[_START_FIELD])
