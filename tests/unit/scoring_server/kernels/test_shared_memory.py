"""Tables, locks and the replay guard: what several processes do to the same memory."""

import multiprocessing
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring_server.kernels.dtypes import ENTITY, GUARD, HEADER
from scoring_server.kernels.guard import guard_find, guard_insert
from scoring_server.kernels.table import PROBE_MAX, find, find_or_claim, lock, unlock

OWNER = np.uint64(os.getpid())


def header(limit=1_000):
    record = np.zeros(1, HEADER)
    record["guard_generation"] = 2
    record["guard_limit"] = limit
    return record


def test_find_or_claim_gives_each_key_one_slot():
    records, head = np.zeros(256, ENTITY), header()
    keys = [np.uint64(7 + 256 * i) for i in range(PROBE_MAX)]
    slots = [find_or_claim(records, key, OWNER, head, 0, None, 0) for key in keys]
    assert sorted(slots) == list(range(7, 7 + PROBE_MAX))
    assert [find(records, key) for key in keys] == slots
    assert head[0]["occupied_count"][0] == PROBE_MAX
    assert find(records, np.uint64(99)) == -1


def test_full_neighbourhood_gives_up_the_quietest_record():
    records, head = np.zeros(256, ENTITY), header()
    for i in range(PROBE_MAX):
        slot = find_or_claim(records, np.uint64(1 + 256 * i), OWNER, head, 0, None, 0)
        records[slot]["sequence"] = 100 + i
        records[slot]["event_count"] = 5
    records[find(records, np.uint64(1 + 256 * 9))]["sequence"] = 3
    newcomer = np.uint64(1 + 256 * PROBE_MAX)
    slot = find_or_claim(records, newcomer, OWNER, head, 0, None, 0)
    assert records[slot]["key"] == newcomer
    assert records[slot]["event_count"] == 0
    assert records[slot]["lock"] == 0
    assert find(records, np.uint64(1 + 256 * 9)) == -1
    assert head[0]["eviction_count"][0] == 1


def _count_up(path, rounds):
    records = np.memmap(path, ENTITY, "r+", shape=(64,)).view(np.ndarray)
    head = np.zeros(1, HEADER)
    owner = np.uint64(os.getpid())
    for _ in range(rounds):
        slot = find_or_claim(records, np.uint64(5), owner, head, 0, None, 0)
        lock(records, slot, owner)
        records[slot]["event_count"] += 1
        unlock(records, slot)


def test_two_processes_lose_no_update_of_one_record(tmp_path):
    path = tmp_path / "entities"
    np.memmap(path, ENTITY, "w+", shape=(64,)).flush()
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count_up, args=(path, 20_000)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    records = np.memmap(path, ENTITY, "r", shape=(64,))
    assert records["event_count"].sum() == 40_000


@given(st.lists(st.integers(1, 40), max_size=200))
@settings(max_examples=60)
def test_guard_knows_at_least_the_last_ids_and_at_most_twice_as_many(ids):
    limit = 8
    head, guard = header(limit), np.zeros((2, 16), GUARD)
    inserted: list[int] = []
    for sequence, number in enumerate(ids, start=1):
        table, _ = guard_find(head, guard, np.uint64(number))
        if number in inserted[-limit:]:
            assert table >= 0
        if table < 0:
            assert number not in inserted[-limit:]
            guard_insert(head, guard, np.uint64(number), np.uint64(1), np.uint64(sequence), None)
            inserted.append(number)
        table, slot = guard_find(head, guard, np.uint64(number))
        assert guard[table, slot]["key"] == number
    known = sum(guard_find(head, guard, np.uint64(n))[0] >= 0 for n in range(1, 41))
    assert known <= 2 * limit


def test_guard_survives_keys_that_share_a_home():
    head, guard = header(8), np.zeros((2, 16), GUARD)
    keys = [np.uint64(3 + 16 * i) for i in range(8)]
    for sequence, key in enumerate(keys, start=1):
        guard_insert(head, guard, key, key, np.uint64(sequence), None)
    for sequence, key in enumerate(keys, start=1):
        table, slot = guard_find(head, guard, key)
        assert guard[table, slot]["sequence"] == sequence


def test_guard_looks_at_no_generation_before_the_first():
    head, guard = header(8), np.zeros((2, 16), GUARD)
    # What lies in the second table before its first generation; a look at it would cost a page.
    guard[1]["generation"], guard[1]["key"] = 1, 5
    assert guard_find(head, guard, np.uint64(5)) == (-1, -1)
    for number in range(9):
        key = np.uint64(100 + number)
        guard_insert(head, guard, key, key, np.uint64(1), None)
    assert head["guard_generation"] == 3
    assert guard_find(head, guard, np.uint64(100))[0] == 0


@pytest.mark.parametrize("key", [1, 2**64 - 1])
def test_find_wraps_around_the_end_of_the_table(key):
    records, head = np.zeros(64, ENTITY), header()
    slot = find_or_claim(records, np.uint64(key), OWNER, head, 1, None, 0)
    assert find(records, np.uint64(key)) == slot
