import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scoring_server.errors import ConfigurationError, ResourceExhaustedError, UnavailableError
from scoring_server.journal.embedded import APPEND_SIZE_MAX, EmbeddedJournal
from scoring_server.journal.journal import KIND_LABEL
from scoring_server.journal.keeper import LOG_SIZE_BYTES_MAX
from scoring_server.journal.segment import segment_paths
from tests.support.journal_records import record, records, wait_sealed


@pytest.fixture
def journal(tmp_path: Path):
    opened = EmbeddedJournal(tmp_path, segment_events_max=1_000)
    yield opened
    opened.close()


def test_empty_journal_has_no_sequences(journal):
    assert (journal.first_sequence, journal.last_sequence) == (0, 0)
    assert journal.read(0, 10) == []
    assert journal.get(1) is None
    assert journal.find(7) is None


def test_append_gives_back_what_was_appended(journal):
    journal.append(records(1, 1))
    journal.append(records(2, 5))
    assert journal.read(0, 10) == records(1, 5)
    assert journal.read(2, 2) == records(3, 4)
    assert journal.get(4) == record(4)
    assert journal.find(record(3).key) == record(3)
    assert (journal.first_sequence, journal.last_sequence) == (1, 5)


def test_gaps_in_sequences_are_kept(journal):
    journal.append([record(3), record(9)])
    journal.append([record(20)])
    assert [r.sequence for r in journal.read(3, 10)] == [9, 20]
    assert journal.get(10) is None


def test_sequence_that_does_not_ascend_is_our_mistake(journal):
    journal.append(records(1, 3))
    with pytest.raises(AssertionError):
        journal.append([record(3)])
    assert journal.last_sequence == 3


def test_append_of_more_than_the_bound_is_our_mistake(journal):
    with pytest.raises(AssertionError):
        journal.append(records(1, APPEND_SIZE_MAX + 1))


def test_find_gives_the_newest_transaction_and_no_label(journal):
    journal.append([record(1, key=7), record(2, key=7), record(3, key=7, kind=KIND_LABEL)])
    assert journal.find(7) == record(2, key=7)


def test_full_segment_is_sealed_and_read_across(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=1, segment_events_max=1_000)
    for first in range(1, 3_000, 100):
        journal.append(records(first, first + 99))
    wait_sealed(journal, 3)
    assert [path.name[8:28] for path in segment_paths(tmp_path / "worker-0")] == [
        f"{first:020d}" for first in (1, 1_001, 2_001)
    ]
    assert journal.read(950, 100) == records(951, 1_050)
    for sequence in (1, 1_000, 1_001, 2_500, 3_000):
        assert journal.get(sequence) == record(sequence)
        assert journal.find(record(sequence).key) == record(sequence)
    assert journal.find(12_345) is None
    journal.close()


def test_full_segment_is_found_in_before_it_is_sealed(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=60_000, segment_events_max=10)
    journal.append(records(1, 25))
    journal.append(records(26, 27))
    assert journal.find(record(5).key) == record(5)
    assert journal.find(record(27).key) == record(27)
    journal.close()


def test_reopened_journal_goes_on(tmp_path):
    first = EmbeddedJournal(tmp_path, segment_events_max=10)
    first.append(records(1, 4))
    first.close()
    second = EmbeddedJournal(tmp_path, segment_events_max=10)
    assert second.journal_id == first.journal_id
    assert second.last_sequence == 4
    assert second.find(record(2).key) == record(2)
    second.append(records(5, 12))
    second.append(records(13, 14))
    second.close()
    third = EmbeddedJournal(tmp_path, sync_ms=1, segment_events_max=10)
    wait_sealed(third, 1)
    assert third.read(0, 100) == records(1, 14)
    third.close()


def test_second_server_on_one_directory_is_refused_with_the_pid(tmp_path, journal):
    with pytest.raises(ConfigurationError) as caught:
        EmbeddedJournal(tmp_path)
    assert str(os.getpid()) in caught.value.message
    assert caught.value.reason == "DATA_DIR_IN_USE"


def test_server_may_wait_for_one_that_is_about_to_end(tmp_path, journal):
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(EmbeddedJournal, tmp_path, wait_s=30.0)
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        journal.close()
        waiting.result(30).close()


def test_lock_is_free_after_close(tmp_path):
    EmbeddedJournal(tmp_path).close()
    EmbeddedJournal(tmp_path).close()


def test_unusable_directory_is_a_configuration_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError):
        EmbeddedJournal(tmp_path / "file")


def test_full_disk_keeps_nothing_and_recovers(journal):
    journal.append(records(1, 10))
    writer = journal._active._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    big = [record(11)._replace(payload=b"x" * 100_000), record(12)]
    with pytest.raises(ResourceExhaustedError) as caught:
        journal.append(big)
    assert caught.value.reason == "JOURNAL_FULL"
    assert journal.last_sequence == 10
    assert journal.read(0, 100) == records(1, 10)
    writer.execute("PRAGMA max_page_count = 1000000")
    journal.append(big)
    assert journal.read(10, 100) == big


def test_closed_journal_refuses_appends(journal):
    journal.close()
    with pytest.raises(UnavailableError):
        journal.append(records(1, 1))


def test_failed_upkeep_refuses_appends(journal):
    journal.append(records(1, 1))
    journal._fail(OSError("disk gone"))
    with pytest.raises(UnavailableError) as caught:
        journal.append(records(2, 2))
    assert caught.value.reason == "JOURNAL_FAILED"


def test_wait_returns_when_something_is_appended(journal):
    seen = []
    waiter = threading.Thread(target=lambda: seen.append(journal.wait(0, 30)))
    waiter.start()
    journal.append(records(1, 1))
    waiter.join(10)
    assert seen == [True]
    assert journal.wait(0, 0)
    assert not journal.wait(1, 0.01)


def test_wait_ends_when_woken_and_stopped_or_closed(journal):
    stopped = threading.Event()
    seen = []
    waiter = threading.Thread(target=lambda: seen.append(journal.wait(0, 30, stopped.is_set)))
    waiter.start()
    stopped.set()
    journal.wake()
    waiter.join(10)
    other = threading.Thread(target=lambda: seen.append(journal.wait(0, 30)))
    other.start()
    journal.close()
    other.join(10)
    assert seen == [False, False]


def test_sync_bounds_what_a_power_cut_takes(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=60_000)
    journal.append(records(1, 3))
    assert journal.synced_sequence == 0
    journal.sync()
    assert journal.synced_sequence == 3
    journal.close()


def test_always_syncs_each_append(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=0)
    journal.append(records(1, 3))
    assert journal.synced_sequence == 3
    assert journal._active._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    journal.close()


def test_log_is_folded_into_the_segment(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=60_000)
    filler = b"x" * 60_000
    count = LOG_SIZE_BYTES_MAX // len(filler) + 10
    for sequence in range(1, count + 1):
        journal.append([record(sequence)._replace(payload=filler)])
    log = journal._active.path.with_name(journal._active.path.name + "-wal")
    size_bytes = log.stat().st_size
    assert size_bytes > LOG_SIZE_BYTES_MAX
    # What decides is counted, not looked up; it must be near the truth.
    assert 0.8 < journal._active.log_size_bytes / size_bytes < 1.25
    journal._keeper._fold()
    assert journal._active.log_size_bytes == 0
    for sequence in range(count + 1, 2 * count - 20):
        journal.append([record(sequence)._replace(payload=filler)])
    # The log was written over, so everything before lies in the segment itself.
    assert log.stat().st_size == size_bytes
    assert len(journal.read(0, 2 * count)) == 2 * count - 21
    journal.close()


def test_size_of_the_log_is_counted_well_for_small_commits(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=60_000)
    for sequence in range(1, 2_001):
        journal.append([record(sequence)._replace(payload=b"x" * 900)])
    log = journal._active.path.with_name(journal._active.path.name + "-wal")
    assert 0.5 < journal._active.log_size_bytes / log.stat().st_size < 2
    journal.close()


def test_files_of_a_long_journal_are_not_all_held_open(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=1, segment_events_max=1)
    for sequence in range(1, 61):
        journal.append([record(sequence)])
    wait_sealed(journal, 60)
    # Twice, as it grows and as it is found by a restart.
    for _ in range(2):
        for sequence in range(1, 61):
            assert journal.get(sequence) == record(sequence)
            assert journal.find(record(sequence).key) == record(sequence)
        assert open_segments() < 40
        journal.close()
        journal = EmbeddedJournal(tmp_path, sync_ms=1, segment_events_max=1)
        assert open_segments() < 40
    journal.close()


def open_segments():
    files = {each.resolve() for each in Path("/proc/self/fd").iterdir()}
    return len({each for each in files if each.match("segment-*.sqlite")})
