import numpy as np
import pyarrow as pa
import pytest

from scoring_server.replay.label_plan import LABEL_INTERVAL_NS, LabelPlan
from scoring_server.replay.tally import Tally


def table_of(times_ns, labels):
    count = len(times_ns)
    return pa.table(
        {
            "transaction_id": [str(row) for row in range(count)],
            "event_time": pa.array(times_ns, pa.timestamp("ns", tz="UTC")),
            "label": pa.array(labels, pa.int8()),
        }
    )


def slow_order(times_ns, labels, delay_ns):
    """Return of each row the frauds that are reported just before it, looked for one by one."""
    reported, found = set(), {}
    for row, now_ns in enumerate(times_ns):
        due = [
            other
            for other in range(row)
            if labels[other] == 1 and other not in reported and times_ns[other] + delay_ns <= now_ns
        ]
        if due:
            found[row] = due
            reported |= set(due)
    return found


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("delay_ns", [0, 7, 50])
def test_exact_plan_cuts_where_frauds_become_known(seed, delay_ns):
    random = np.random.default_rng(seed)
    times_ns = np.sort(random.integers(0, 200, 80)).tolist()
    labels = random.choice([0, 1, None], 80, p=[0.6, 0.2, 0.2]).tolist()
    plan = LabelPlan(table_of(times_ns, labels), delay_ns, exact=True)
    position = labelled = 0
    found = {}
    while position < 80:
        if plan.is_due(labelled, position):
            end = plan.known_end(labelled, position)
            found[position] = [row for row in range(labelled, end) if labels[row] == 1]
            labelled = end
            assert not plan.is_due(labelled, position)
        size = plan.uncut(labelled, position, 16)
        assert 1 <= size <= 16
        position += size
    assert found == slow_order(times_ns, labels, delay_ns)


def test_exact_plan_reports_frauds_alone():
    table = table_of([0, 1, 2], [0, 1, None])
    exact = LabelPlan(table, 1, exact=True).labels(0, 3, 3, Tally(table))
    assert [label.transaction_id for label in exact] == ["1"]
    gathered = LabelPlan(table, 1, exact=False).labels(0, 3, 3, Tally(table))
    assert [label.transaction_id for label in gathered] == ["0", "1"]
    assert gathered[1].known_time.nanos == 2


def test_gathered_labels_wait_for_an_hour():
    table = table_of([0, LABEL_INTERVAL_NS, LABEL_INTERVAL_NS + 9, 2 * LABEL_INTERVAL_NS], [1] * 4)
    plan = LabelPlan(table, 1, exact=False)
    assert plan.is_due(0, 1)
    assert plan.known_end(0, 1) == 1
    plan.done(1)
    assert [plan.is_due(1, row) for row in (2, 3)] == [False, True]
    assert plan.uncut(1, 0, 4) == 4


def test_without_a_delay_or_labels_nothing_is_due():
    table = table_of([0, LABEL_INTERVAL_NS], [1, 1])
    assert not LabelPlan(table, None, exact=True).is_due(0, 1)
    assert not LabelPlan(table.drop_columns(["label"]), 1, exact=True).is_due(0, 1)
