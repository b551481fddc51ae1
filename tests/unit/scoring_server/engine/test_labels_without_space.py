"""Labels whose index lies on a full disk: none is forgotten, none counted twice."""

import numpy as np
import pytest

from scoring_server.engine.labels import APPLIED, DUPLICATE, FRAUD, LEGITIMATE
from scoring_server.errors import ResourceExhaustedError, UnavailableError
from scoring_server.journal.label_index import LabelIndex
from scoring_server.settler import Settler
from scoring_server.state.label_turn import LabelTurn
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.support.small_disk import fill, small_disk
from tests.unit.scoring_server.engine.test_labels import (
    deltas,
    journal,
    opened,
    read_row,
    report,
    statuses,
)

__all__ = ["journal"]

DISK_MIB = 1


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", DISK_MIB) as mounted:
        yield mounted


@pytest.fixture
def labels(disk, journal):
    made, _ = opened(disk, journal)
    yield made
    made._index.close()


def test_label_that_was_journaled_is_not_taken_in_again(labels, disk, journal):
    filling = fill(disk)
    assert statuses(labels, report(100, 2, FRAUD)) == [APPLIED]
    assert labels.is_behind
    for again in (report(100, 2, FRAUD), report(101, 3, FRAUD)):
        with pytest.raises(ResourceExhaustedError):
            labels.report([again], lambda *_: b"", lambda _: b"")
    assert deltas(journal) == [(1, 0)]
    filling.unlink()
    assert statuses(labels, report(100, 2, FRAUD), report(100, 2, LEGITIMATE)) == [DUPLICATE] * 2
    assert not labels.is_behind
    assert statuses(labels, report(101, 2, LEGITIMATE)) == [APPLIED]
    assert deltas(journal) == [(1, 0), (-1, 1)]


def test_restart_reads_what_waited_from_the_journal(labels, disk, journal):
    filling = fill(disk)
    assert statuses(labels, report(100, 2, FRAUD)) == [APPLIED]
    labels._index.close()
    filling.unlink()
    index = LabelIndex(disk / "labels.sqlite", journal, read_row)
    assert index.seen(100)
    labels._index = index


def test_labels_are_noted_once_there_is_space_though_nobody_calls(
    labels,
    disk,
    journal,
):
    filling = fill(disk)
    assert statuses(labels, report(100, 2, FRAUD)) == [APPLIED]
    settler = Settler([labels])
    settler.start()
    filling.unlink()
    settler.stop()
    assert not labels.is_behind


def test_worker_keeps_its_turn_until_all_is_noted(tmp_path):
    state = open_state(tmp_path / "state", StateCapacities(64, 64, 64, 64, 64, 1_000))
    state.share(begin=True)
    behind = True
    own = LabelTurn(state, 0, lambda: behind)
    other = LabelTurn(state, 1, lambda: False)
    with own():
        pass
    with pytest.raises(UnavailableError, match="another worker"), other():
        pass
    behind = False
    with own():
        pass
    with other():
        pass
    assert not np.any(state.workers["labels_holder"])
    state.close()
