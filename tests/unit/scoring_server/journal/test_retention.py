import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.reader import JournalReader
from scoring_server.journal.retention import Retention, SegmentFacts, droppable
from tests.support.journal_records import records, wait_sealed

DAY_NS = 86_400 * 10**9
NOW_NS = 1_000 * DAY_NS


def facts(*ages_days, size_bytes=10):
    """Segments of ten events each, as old as stated."""
    return [
        SegmentFacts(10 * (index + 1), NOW_NS - age * DAY_NS, size_bytes)
        for index, age in enumerate(ages_days)
    ]


@pytest.mark.parametrize(
    ("retention", "needed_after", "count"),
    [
        (Retention(), 100, 0),
        (Retention(days=30), 100, 2),
        (Retention(days=30), 19, 1),
        (Retention(days=30), 20, 2),
        (Retention(days=30), 0, 0),
        (Retention(size_bytes=25), 100, 2),
        (Retention(size_bytes=40), 100, 0),
        (Retention(days=50, size_bytes=25), 100, 2),
    ],
)
def test_what_is_beyond_a_limit_and_needed_by_nobody_may_go(retention, needed_after, count):
    assert droppable(facts(60, 40, 20, 1), retention, needed_after, NOW_NS) == count


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 50)), max_size=8),
    st.integers(0, 60),
    st.integers(0, 200),
    st.integers(0, 100),
)
def test_never_more_than_the_needed_and_never_less_than_the_limits(
    shapes, days, size_bytes, needed_after
):
    segments = [
        SegmentFacts(10 * (index + 1), NOW_NS - age * DAY_NS, size)
        for index, (age, size) in enumerate(shapes)
    ]
    count = droppable(segments, Retention(days, size_bytes), needed_after, NOW_NS)
    assert all(segment.last_sequence <= needed_after for segment in segments[:count])
    rest = segments[count:]
    if rest and rest[0].last_sequence <= needed_after:
        assert not days or NOW_NS - rest[0].newest_time_ns <= days * DAY_NS
        assert not size_bytes or sum(segment.size_bytes for segment in rest) <= size_bytes


@pytest.fixture
def journal(tmp_path):
    opened = EmbeddedJournal(tmp_path, segment_events_max=100)
    for first in range(1, 451, 50):
        opened.append(records(first, first + 49))
    wait_sealed(opened, 4)
    yield opened
    opened.close()


def test_dropped_files_are_gone_and_the_rest_is_served(journal, tmp_path):
    assert journal.drop(Retention(days=1), 250, NOW_NS) == 2
    assert journal.first_sequence == 201
    assert [record.sequence for record in journal.read(0, 1_000)] == list(range(201, 451))
    assert journal.get(150) is None
    assert len(list(tmp_path.glob("worker-0/segment-*.sqlite"))) == 3
    journal.append(records(451, 460))
    assert journal.last_sequence == 460


def test_file_that_is_being_written_is_never_dropped(journal):
    assert journal.drop(Retention(days=1), 10**9, NOW_NS) == 4
    assert journal.first_sequence == 401


def test_dropped_file_that_a_reader_still_holds_is_not_made_anew(journal, tmp_path):
    held = journal._segments[0]
    assert held.get(7).sequence == 7
    journal.drop(Retention(days=1), 100, NOW_NS)
    assert held.get(7) is None
    assert held.find(records(7, 7)[0].key) is None
    assert not held.path.exists()


def test_reopened_journal_begins_where_it_was_cut(journal, tmp_path):
    journal.drop(Retention(days=1), 200, NOW_NS)
    journal.close()
    again = EmbeddedJournal(tmp_path, segment_events_max=100)
    assert (again.first_sequence, again.last_sequence) == (201, 450)
    again.close()


def test_other_process_reads_what_is_left(journal, tmp_path):
    journal.drop(Retention(days=1), 200, NOW_NS)
    reader = JournalReader(tmp_path)
    assert (reader.first_sequence, reader.last_sequence) == (201, 450)
    sequences = []
    while found := reader.read(sequences[-1] if sequences else 0, 70):
        sequences += [record.sequence for record in found]
    assert sequences == list(range(201, 451))
    reader.close()
