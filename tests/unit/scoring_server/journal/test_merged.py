"""The journals of several workers read as one."""

import threading

import pytest

from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_TRANSACTION
from scoring_server.journal.merged import MergedJournal, worker_directories
from scoring_server.journal.reader import JournalReader
from scoring_server.journal.retention import Retention
from tests.support.journal_records import record, records, wait_sealed

DAY_NS = 86_400 * 10**9


class Pair:
    """Two workers' journals, and how far they are settled."""

    def __init__(self, folder):
        self.folder = folder
        self.settled = 0
        self.owns = [
            EmbeddedJournal(folder, worker=each, segment_events_max=10) for each in range(2)
        ]
        self.first, self.second = (MergedJournal(own, lambda: self.settled) for own in self.owns)

    def close(self):
        self.first.close()
        self.second.close()


@pytest.fixture
def pair(tmp_path):
    made = Pair(tmp_path)
    yield made
    made.close()


def sequences(found):
    return [each.sequence for each in found]


def dealt(pair, last):
    """Append events to both, in turns of three."""
    for first in range(1, last + 1, 6):
        pair.owns[0].append(records(first, first + 2))
        pair.owns[1].append(records(first + 3, first + 5))


def test_events_come_in_the_order_of_their_sequences_up_to_the_settled_one(pair):
    dealt(pair, 60)
    pair.settled = 50
    for journal in (pair.first, pair.second):
        assert sequences(journal.read(0, 100)) == list(range(1, 51))
        assert sequences(journal.read(7, 20)) == list(range(8, 28))
        assert journal.read(50, 10) == []
        assert journal.last_sequence == 50


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_pages_miss_nothing(pair, limit):
    dealt(pair, 60)
    pair.settled = 60
    after, found = 0, []
    while page := pair.first.read(after, limit):
        found += page
        after = page[-1].sequence
    assert found == records(1, 60)


def test_each_finds_the_records_of_both(pair):
    dealt(pair, 30)
    pair.settled = 30
    for sequence in (1, 4, 17, 30):
        for journal in (pair.first, pair.second):
            assert journal.get(sequence) == record(sequence)
            assert journal.find(record(sequence).key) == record(sequence)
    assert pair.first.get(31) is None
    assert pair.first.find(12345) is None


def test_the_newest_of_a_key_is_found_whoever_has_it(pair):
    pair.owns[0].append([record(1, key=7)])
    pair.owns[1].append([record(2, key=7)])
    assert pair.first.find(7).sequence == pair.second.find(7).sequence == 2


def test_a_waiter_sees_what_another_worker_settles(pair):
    came = threading.Event()
    waiter = threading.Thread(target=lambda: pair.first.wait(0, 30) and came.set())
    waiter.start()
    pair.owns[1].append(records(1, 3))
    assert not came.is_set()
    pair.settled = 3
    assert came.wait(10)
    waiter.join()


def test_a_waiter_ends_when_its_time_is_over_or_its_caller_goes(pair):
    assert not pair.first.wait(0, 0.01)
    assert not pair.first.wait(0, 30, lambda: True)


def test_what_one_worker_dropped_is_gone_for_all(pair):
    dealt(pair, 60)
    pair.settled = 60
    wait_sealed(pair.owns[0], 2)
    assert pair.second.first_sequence == 1
    dropped = pair.first.drop(Retention(days=1), 60, 10 * DAY_NS)
    assert dropped == 2
    last = pair.owns[0].dropped_until
    assert pair.first.first_sequence == pair.second.first_sequence == last + 1


def test_journals_of_workers_that_are_no_more_are_read_on(pair, tmp_path):
    dealt(pair, 12)
    pair.close()
    alone = EmbeddedJournal(tmp_path, worker=0)
    journal = MergedJournal(alone)
    assert journal.last_sequence == 12
    journal.append([record(13)])
    assert sequences(journal.read(0, 100)) == list(range(1, 14))
    assert journal.wait(12, 0)
    journal.close()


def test_workers_are_listed_by_number(tmp_path):
    for number in (10, 2, 0):
        (tmp_path / f"worker-{number}").mkdir()
    assert [path.name for path in worker_directories(tmp_path)] == [
        "worker-0",
        "worker-2",
        "worker-10",
    ]


def test_a_reader_beside_them_gets_all_of_both(pair, tmp_path):
    dealt(pair, 30)
    reader = JournalReader(tmp_path)
    assert reader.last_sequence == 30
    assert reader.first_sequence == 1
    assert reader.read(0, 100) == records(1, 30)
    assert all(each.kind == KIND_TRANSACTION for each in reader.read(0, 100))
    reader.sync()
    reader.close()
