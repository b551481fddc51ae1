import pytest

from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.floor import SequenceFloor
from tests.support.journal_records import records


def test_clean_stop_goes_on_with_the_next_number(tmp_path):
    floor = SequenceFloor(tmp_path, 100, "monday")
    assert floor.open(0) == 0
    floor.close()
    assert SequenceFloor(tmp_path, 100, "tuesday").open(7) == 7


def test_killed_process_goes_on_with_the_next_number(tmp_path):
    assert SequenceFloor(tmp_path, 100, "monday").open(0) == 0
    assert SequenceFloor(tmp_path, 100, "monday").open(7) == 7


def test_power_cut_skips_what_may_have_been_given(tmp_path):
    assert SequenceFloor(tmp_path, 100, "monday").open(0) == 0
    assert SequenceFloor(tmp_path, 100, "tuesday").open(7) == 1_000_007
    # Nothing was appended before the next one: the same numbers must not come again.
    assert SequenceFloor(tmp_path, 100, "wednesday").open(7) == 2_000_007


def test_power_cut_takes_nothing_when_each_append_is_synced(tmp_path):
    assert SequenceFloor(tmp_path, 0, "monday").open(0) == 0
    assert SequenceFloor(tmp_path, 0, "tuesday").open(7) == 7


@pytest.mark.parametrize("content", [b"", b"{", b"\0" * 40])
def test_torn_file_counts_as_a_power_cut(tmp_path, content):
    (tmp_path / "sequence_floor.json").write_bytes(content)
    assert SequenceFloor(tmp_path, 100, "tuesday").open(7) == 1_000_007


def test_journal_goes_on_beyond_the_numbers_that_a_power_cut_took(tmp_path):
    journal = EmbeddedJournal(tmp_path)
    journal.append(records(1, 5))
    journal.close()
    path = tmp_path / "worker-0" / "sequence_floor.json"
    path.write_bytes(b'{"boot":"another","floor":0}')
    journal = EmbeddedJournal(tmp_path)
    assert (journal.stored_sequence, journal.last_sequence) == (5, 1_000_005)
    journal.append(records(1_000_006, 1_000_006))
    assert [record.sequence for record in journal.read(4, 10)] == [5, 1_000_006]
    journal.close()
    journal = EmbeddedJournal(tmp_path)
    assert journal.last_sequence == 1_000_006
    journal.close()
