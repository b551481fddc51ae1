"""Several worker processes behind one port: one truth, whoever dies."""

import os
import signal
import socket
import threading

import numpy as np
import pytest
from anomaly.v1.label_service_pb2 import LABEL_STATUS_APPLIED, LABEL_STATUS_DUPLICATE
from anomaly.v1.scoring_service_pb2 import DECISION_DECLINE

from scoring_server.rpc.client import ScoringClient
from tests.integration.scoring_server.messages import label, payment
from tests.support.product import Program, environment, wait_for
from tests.support.worker_crew import (
    WAIT_S,
    Callers,
    Crew,
    check_nothing_lost_or_doubled,
    numbered,
    until_answered,
)


@pytest.fixture
def serve(tmp_path):
    crews = []

    def started(workers=2, **extra):
        crews.append(Crew(tmp_path, workers, **extra))
        return crews[-1]

    yield started
    for crew in crews:
        crew.program.kill()


@pytest.fixture
def call(serve):
    begun = []

    def started(crew, count, seed):
        begun.append(Callers(crew.target, count, seed))
        return begun[-1]

    yield started
    for callers in begun:
        callers.end()


def test_workers_share_the_port_the_state_and_the_feed(serve, call):
    crew = serve()
    assert set(crew.figures("anomaly_worker_up").values()) == {1.0}
    callers = call(crew, 12, seed=1)
    seen = []

    def follow():
        with ScoringClient(crew.target) as client:
            for response in client.subscribe(timeout_s=WAIT_S):
                seen.extend(event.sequence for event in response.events)
                if len(seen) >= 2_000:
                    return

    follower = threading.Thread(target=follow)
    follower.start()
    follower.join(WAIT_S)
    callers.stop()
    # Every event, once, in order, although they come from two journals.
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= 2_000
    assert min(crew.new_by_worker()) > 0, "the kernel gives both connections"
    assert crew.stop() == 0
    check_nothing_lost_or_doubled(crew, callers)
    crew.check_state_is_the_fold_of_all_events()


def test_workers_that_are_killed_under_load_lose_nothing_and_double_nothing(serve, call):
    crew = serve()
    callers = call(crew, 8, seed=2)
    callers.await_more(200)
    for number in range(6):
        crew.kill_worker(number % 2)
        callers.await_more(100)
    callers.stop()
    assert sum(crew.figures("anomaly_worker_restarts_total").values()) == 6
    assert crew.stop() == 0
    check_nothing_lost_or_doubled(crew, callers)
    crew.check_state_is_the_fold_of_all_events()


def test_supervisor_that_is_killed_takes_its_workers_along_and_loses_nothing(serve, call):
    crew = serve()
    callers = call(crew, 4, seed=3)
    callers.await_more(300)
    pids = [crew.worker_pid(index) for index in range(2)]
    crew.stop(signal.SIGKILL)
    wait_for("the workers' end", lambda: not any(alive(pid) for pid in pids))
    again = serve(GRPC_PORT=crew.target.rpartition(":")[2])
    callers.await_more(100)
    callers.stop()
    assert again.stop() == 0
    check_nothing_lost_or_doubled(again, callers)
    again.check_state_is_the_fold_of_all_events()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_label_that_comes_to_both_workers_counts_once(serve):
    crew = serve()
    with ScoringClient(crew.target) as client:
        client.score_batch([payment(number) for number in range(50)])
    statuses = {number: [] for number in range(50)}

    def report():
        with ScoringClient(crew.target) as client:
            for number in range(50):
                each = [label(f"l{number}", f"tx-{number}")]
                outcomes = until_answered(lambda e=each: client.report_labels(e, timeout_s=5))
                statuses[number].append(outcomes[0].status)

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    for each in statuses.values():
        assert sorted(each) == [LABEL_STATUS_APPLIED] + [LABEL_STATUS_DUPLICATE] * 7
    # With a worker killed in the midst of it, too.
    crew.kill_worker(0)
    with ScoringClient(crew.target) as client:
        again = until_answered(lambda: client.report_labels([label("l1", "tx-1")]))
        assert again[0].status == LABEL_STATUS_DUPLICATE
    assert crew.stop() == 0
    crew.check_state_is_the_fold_of_all_events()


def test_it_may_be_started_again_with_fewer_workers_and_with_more(serve, call):
    crew = serve(3)
    callers = call(crew, 9, seed=4)
    callers.await_more(300)
    callers.stop()
    assert crew.stop() == 0
    numbers = [int(each.removeprefix("tx-")) for each in callers.told][:200]
    for workers in (1, 2):
        crew = serve(workers)
        assert "recovering" not in crew.program.output()
        with ScoringClient(crew.target) as client:
            outcomes = client.score_batch([numbered(n) for n in numbers])
            assert all(each.result.replayed for each in outcomes)
            assert [each.result.sequence for each in outcomes] == [
                callers.told[f"tx-{n}"][0] for n in numbers
            ]
            assert not client.score(payment(9_000_000 + workers)).replayed
        assert crew.stop() == 0
        crew.check_state_is_the_fold_of_all_events()
    check_nothing_lost_or_doubled(crew, callers)


def test_rules_that_change_reach_all_workers(serve, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    crew = serve(RULES_DIR=str(rules), RULES_WATCH_S="0.1")
    (rules / "one.toml").write_text(
        '[[rule]]\nname = "all"\nwhen = "amount > 0"\nthen = "decline"\nmode = "live"\n'
        'says = "Never."\n'
    )
    blocked = {0: False, 1: False}

    def look():
        with ScoringClient(crew.target) as client:
            before = crew.new_by_worker()
            result = client.score(payment(int(np.sum(before)) + 1_000))
            after = crew.new_by_worker()
            (worker,) = [each for each in range(2) if after[each] > before[each]]
            blocked[worker] |= result.decision == DECISION_DECLINE
        return all(blocked.values())

    wait_for("the rule in both", look)
    history = (crew.data_dir / "rules_history.jsonl").read_text().splitlines()
    assert len(history) == 1, "the change is recorded once"


def test_a_port_that_is_taken_is_said_and_nothing_is_left_behind(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environ = environment(tmp_path / "data", SCORING_WORKERS="2", GRPC_PORT=str(port))
        program = Program(("serve",), environ, tmp_path / "serve.log")
        assert program.process.wait(WAIT_S) == 1
    assert f"127.0.0.1:{port} is not: Address already in use" in program.output()


def test_a_second_server_on_the_same_data_is_refused(serve, tmp_path):
    crew = serve()
    for workers in ("1", "2"):
        environ = environment(crew.data_dir, SCORING_WORKERS=workers)
        program = Program(("serve",), environ, tmp_path / "second.log")
        assert program.process.wait(WAIT_S) == 1
        assert f"is in use by process {crew.program.process.pid}" in program.output()
    with ScoringClient(crew.target) as client:
        assert client.score(payment(1)).sequence == 1


def test_a_worker_that_cannot_start_ends_the_whole_with_its_message(tmp_path):
    environ = environment(tmp_path / "data", SCORING_WORKERS="2", SCORING_TRANSPORT="fast")
    environ |= {"RULES_DIR": str(tmp_path / "rules")}
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "bad.toml").write_text("no rules")
    program = Program(("serve",), environ, tmp_path / "serve.log")
    assert program.process.wait(WAIT_S) == 1
    assert "RULES_DIR" in program.output()
    assert "a worker could not start" in program.output()
