"""Several processes on one state: nothing lost, nothing twice, whoever dies in the middle."""

import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from scoring_server.engine.engine import Engine
from scoring_server.state.dead_worker import release_dead
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.oracles import streams
from tests.support.state_tables import by_key

CAPACITIES = StateCapacities(256, 256, 256, 64, 64, 100_000)
# So small that accounts, merchants and devices keep pushing each other out.
CROWDED = StateCapacities(64, 64, 64, 64, 64, 100_000)
# A forked child shares what was compiled; the test's own process may run gRPC's threads, which
# must not be forked.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
BLOCK_SIZE = 50
WAIT_S = 120


def work(directory, capacities, worker, rows, answered, start):
    """Score rows in blocks, noting the sequence of each in `answered` once its block is done."""
    state = open_state(directory, capacities)
    state.share(begin=False)
    engine = Engine(state, None, worker=worker)
    answers = np.frombuffer(answered.get_obj(), np.uint64)
    start.wait(WAIT_S)
    for position in range(0, len(rows), BLOCK_SIZE):
        result = engine.assess(rows[position : position + BLOCK_SIZE])
        answers[position : position + BLOCK_SIZE] = result.sequences


class Crew:
    """Two workers on one state, each with rows of its own."""

    def __init__(self, directory, capacities, rows):
        self.state = open_state(directory, capacities)
        self.state.share(begin=True)
        start = CONTEXT.Barrier(len(rows) + 1)
        self._answered = [CONTEXT.Array("Q", len(each)) for each in rows]
        self.processes = [
            CONTEXT.Process(
                target=work, args=(directory, capacities, worker, each, answered, start)
            )
            for worker, (each, answered) in enumerate(zip(rows, self._answered, strict=True))
        ]
        for process in self.processes:
            process.start()
        start.wait(WAIT_S)

    def answers(self, worker):
        return np.frombuffer(self._answered[worker].get_obj(), np.uint64)

    def finish(self, workers):
        for worker in workers:
            self.processes[worker].join(WAIT_S)
            assert self.processes[worker].exitcode == 0

    def stop_where(self, worker, reached):
        """Stop a worker again and again until it is at a place that `reached` is true for."""
        pid = self.processes[worker].pid
        while True:
            os.kill(pid, signal.SIGSTOP)
            while "\nState:\tT" not in Path(f"/proc/{pid}/status").read_text("ascii"):
                assert self.processes[worker].is_alive(), "it ended first"
            if reached(self.state.workers[worker]):
                return
            os.kill(pid, signal.SIGCONT)

    def kill(self, worker):
        os.kill(self.processes[worker].pid, signal.SIGKILL)
        self.processes[worker].join(WAIT_S)


def records(state):
    """The records of each table by key; slots depend on who came first."""
    return [by_key(table) for table in state.tables[1:-1]]


def folded(rows, sequences, capacities=CAPACITIES):
    """The state of one process that had the same events in the order of their sequences."""
    order = np.argsort(sequences)
    state = open_state(None, capacities)
    Engine(state, None).replay_transactions(rows[order], sequences[order].copy())
    return state


def test_two_workers_make_the_state_that_one_would_have_made(tmp_path):
    rows = [streams.transactions(15_000, seed=1), streams.transactions(15_000, 2, 20_001)]
    crew = Crew(tmp_path, CAPACITIES, rows)
    crew.finish([0, 1])
    sequences = np.concatenate([crew.answers(0), crew.answers(1)])
    assert sorted(sequences) == list(range(1, 30_001))
    expected = folded(np.concatenate(rows), sequences)
    assert records(crew.state) == records(expected)
    # The guard changes in the order of the sequences, so even its slots are the same.
    assert crew.state.tables[-1].tobytes() == expected.tables[-1].tobytes()
    assert crew.state.header["guard_count"] == expected.header["guard_count"] == len(sequences)


def test_no_key_has_two_records_when_workers_push_entities_out(tmp_path):
    rows = [streams.transactions(10_000, seed=3), streams.transactions(10_000, 3, 20_001)]
    # Both meet the same newcomers at about the same time.
    for each in rows:
        rng = np.random.default_rng(1)
        each["account_key"] = rng.integers(1, 500, len(each), np.uint64) * np.uint64(
            0x9E3779B97F4A7C15
        )
    crew = Crew(tmp_path, CROWDED, rows)
    crew.finish([0, 1])
    assert crew.state.header["eviction_count"].sum() > 1_000
    for table in crew.state.tables[1:-1]:
        keys = table["key"][table["key"] != 0]
        assert len(set(keys.tolist())) == len(keys)
        assert not table["lock"].any()


@pytest.mark.parametrize("of_other_accounts", [False, True])
def test_an_id_sent_to_both_workers_at_once_is_scored_once(tmp_path, of_other_accounts):
    rows = [streams.transactions(15_000, seed=5), streams.transactions(15_000, seed=5)]
    if of_other_accounts:
        # Then no record's lock keeps the workers apart.
        rows[1]["currency"] = 840
        for name in ("account_key", "merchant_key", "device_key", "instrument_key"):
            rows[1][name] += rows[1][name] != 0
    crew = Crew(tmp_path, CAPACITIES, rows)
    crew.finish([0, 1])
    first, second = crew.answers(0), crew.answers(1)
    # On a busy machine one of them may be the first with all; the law is the same.
    assert ((first != 0) ^ (second != 0)).all()
    scored = np.where(first != 0, rows[0], rows[1])
    assert records(crew.state) == records(folded(scored, first + second))


PLACES = {
    "records half written": lambda notes: notes["changing"] and notes["image_count"] >= 3,
    "id in the guard": lambda notes: notes["changing"] and notes["guard_key"],
    "anywhere in a change": lambda notes: notes["changing"],
    "anywhere": lambda _notes: True,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", range(2))
def test_whoever_is_killed_leaves_every_event_whole_and_every_answered_one_counted(
    tmp_path, seed, place
):
    rows = [streams.transactions(60_000, seed), streams.transactions(30_000, seed + 100, 100_001)]
    crew = Crew(tmp_path, CAPACITIES, rows)
    victim = crew.answers(0)
    crew.stop_where(0, lambda notes: victim[500] and PLACES[place](notes))
    crew.kill(0)
    answered = victim != 0
    assert not answered.all(), "it must die in the middle"
    release_dead(crew.state, 0)
    crew.finish([1])
    everything = np.concatenate(rows)
    known = Engine(crew.state, None).lookup(everything).sequences
    # Whatever was answered is there under its number, and of the rest each event wholly or not.
    np.testing.assert_array_equal(known[: len(victim)][answered], victim[answered])
    assert (known[len(victim) :] == crew.answers(1)).all()
    expected = folded(everything[known != 0], known[known != 0])
    assert records(crew.state) == records(expected)
    assert not any(table["lock"].any() for table in crew.state.tables[1:-1])
    assert not crew.state.header["busy"].any()


def test_a_replacement_goes_on_where_the_dead_worker_was(tmp_path):
    rows = streams.transactions(2_000, seed=9)
    crew = Crew(tmp_path, CAPACITIES, [rows])
    crew.kill(0)
    release_dead(crew.state, 0)
    state = open_state(tmp_path, CAPACITIES)
    state.share(begin=False)
    engine = Engine(state, None, worker=0)
    known = engine.lookup(rows).sequences
    rest = engine.assess(rows[known == 0]).sequences if (known == 0).any() else known[:0]
    assert records(state) == records(folded(rows, np.concatenate([known[known != 0], rest])))
    assert int(state.tables[1]["event_count"].sum()) == len(rows)
