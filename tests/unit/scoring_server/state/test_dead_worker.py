"""A worker that dies at any point of a change: its change is undone, its locks are free."""

import os
import subprocess
import sys

import numpy as np
import pytest

from scoring_server.kernels.dtypes import TRANSACTION
from scoring_server.kernels.guard import guard_admit, guard_find
from scoring_server.kernels.records import ACCOUNTS, MERCHANTS
from scoring_server.kernels.table import find, find_or_claim, lock
from scoring_server.kernels.undo import (
    EVICTION_LOCK,
    GUARD_LOCK,
    address_of_workers,
    begin_change,
    end_change,
    keep_image,
    note_lock,
    take_common,
)
from scoring_server.state.dead_worker import is_alive, owner_word, release_dead
from scoring_server.state.shared_table import StateCapacities, open_state

SMALL = StateCapacities(64, 64, 64, 64, 64, 100)
WORKER = 3
KEY, ID = np.uint64(77), np.uint64(4_242)


@pytest.fixture
def state(tmp_path):
    opened = open_state(tmp_path, SMALL)
    opened.share(begin=True)
    opened.workers[WORKER]["owner"] = owner_word(WORKER)
    return opened


def notes(state):
    return address_of_workers(state.workers)


def claimed(state, key=KEY):
    slot = find_or_claim(
        state.tables[1], key, owner_word(WORKER), state.tables[0], ACCOUNTS, notes(state), WORKER
    )
    state.tables[1][slot]["event_count"] = 5
    return slot


def locked(state, slot):
    note_lock(notes(state), WORKER, ACCOUNTS, ACCOUNTS, slot)
    lock(state.tables[1], slot, owner_word(WORKER))


def changed(state, slot):
    """Go as far into a change as writing one record."""
    begin_change(notes(state), WORKER)
    keep_image(notes(state), WORKER, 0, ACCOUNTS, state.tables[1], slot)
    state.tables[1][slot]["event_count"] += 1
    state.tables[1][slot]["recent_amount"][3] = 12.5


def admitted(state, number=ID):
    row = np.zeros(1, TRANSACTION)
    row["transaction_key"] = number
    return int(
        guard_admit(
            state.tables[0], state.tables[-1], row[0], owner_word(WORKER), np.uint64(0),
            notes(state), WORKER,
        )
    )  # fmt: skip


def knows(state, number=ID):
    return guard_find(state.tables[0], state.tables[-1], np.uint64(number))[1] >= 0


def test_a_record_half_changed_is_as_it_was_before(state):
    slot = claimed(state)
    before = state.tables[1][slot].copy()
    locked(state, slot)
    changed(state, slot)
    assert release_dead(state, WORKER) == 1
    assert state.tables[1][slot] == before
    assert state.tables[1][slot]["lock"] == 0


def test_a_change_that_was_done_stands(state):
    slot = claimed(state)
    locked(state, slot)
    changed(state, slot)
    end_change(notes(state), WORKER)
    assert release_dead(state, WORKER) == 1
    assert state.tables[1][slot]["event_count"] == 6


def test_a_lock_of_another_worker_stays(state):
    slot = claimed(state)
    note_lock(notes(state), WORKER, ACCOUNTS, ACCOUNTS, slot)
    lock(state.tables[1], slot, owner_word(WORKER + 1))
    assert release_dead(state, WORKER) == 0
    assert state.tables[1][slot]["lock"] == owner_word(WORKER + 1)


def test_an_id_of_an_undone_change_is_new_again_and_those_behind_it_are_known(state):
    slot = claimed(state)
    behind = int(ID) + state.tables[-1].shape[1]
    locked(state, slot)
    begin_change(notes(state), WORKER)
    assert admitted(state)
    # Another worker's id, of the same home, so behind it in the probe.
    noted = state.workers[WORKER].copy()
    assert admitted(state, behind)
    state.workers[WORKER] = noted
    release_dead(state, WORKER)
    assert not knows(state)
    assert knows(state, behind)


@pytest.mark.parametrize("was_written", [False, True])
def test_death_within_the_guard_leaves_it_as_it_was(state, was_written):
    for number in range(1, 101):
        begin_change(notes(state), WORKER)
        admitted(state, number)
        end_change(notes(state), WORKER)
    header, guard = state.tables[0], state.tables[-1]
    generation, count = header[0]["guard_generation"], header[0]["guard_count"]
    assert count == header[0]["guard_limit"], "the next id begins a new generation"
    begin_change(notes(state), WORKER)
    admitted(state)
    if not was_written:
        table, slot = guard_find(header, guard, ID)
        guard[table, slot]["generation"] = 0
    take_common(notes(state), GUARD_LOCK, owner_word(WORKER))
    assert release_dead(state, WORKER) == 1
    assert not knows(state)
    assert (header[0]["guard_generation"], header[0]["guard_count"]) == (generation, count)
    assert all(knows(state, number) for number in range(1, 101))


def test_an_eviction_half_done_is_undone(state):
    slot = claimed(state)
    before = state.tables[1][slot].copy()
    take_common(notes(state), EVICTION_LOCK, owner_word(WORKER))
    locked(state, slot)
    changed(state, slot)
    state.tables[1][slot]["key"] = 99
    assert release_dead(state, WORKER) == 2
    assert state.tables[1][slot] == before
    assert find(state.tables[1], KEY) == slot


def test_two_records_of_one_table_are_both_freed(state):
    records = state.tables[1 + MERCHANTS]
    for place, slot in ((MERCHANTS, 4), (6, 9)):
        note_lock(notes(state), WORKER, place, MERCHANTS, slot)
        lock(records, slot, owner_word(WORKER))
    assert release_dead(state, WORKER) == 2
    assert not records["lock"].any()


def test_a_worker_that_never_began_left_nothing(state):
    assert release_dead(state, 5) == 0


def test_a_word_names_one_process_for_as_long_as_it_lives():
    assert is_alive(int(owner_word(0)))
    assert owner_word(0) != owner_word(1)
    another_start = int(owner_word(0)) ^ 1
    assert not is_alive(another_start)
    code = "from scoring_server.state.dead_worker import owner_word; print(owner_word(63))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not is_alive(int(child.stdout))


def test_a_killed_process_is_dead_before_it_was_awaited():
    code = (
        "import signal; from scoring_server.state.dead_worker import owner_word;"
        "print(owner_word(1), flush=True); signal.pause()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    owner = int(child.stdout.readline())
    assert is_alive(owner)
    child.kill()
    # Waits for the end and leaves the process to be awaited.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(owner)
    child.communicate()
