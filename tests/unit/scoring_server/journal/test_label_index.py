import sqlite3

import pytest

from scoring_server.errors import ConfigurationError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_LABEL, KIND_TRANSACTION, JournalRecord
from scoring_server.journal.label_index import Carried, LabelEntry, LabelIndex

BIG_KEY = 2**64 - 3


def read_label(record: JournalRecord) -> LabelEntry:
    label_key, value = record.payload.split(b" ")
    carried = Carried(int(value), record.ingest_time_ns, b"row")
    return LabelEntry(int(label_key), record.key, carried, record.row != b"", record.sequence)


@pytest.fixture
def journal(tmp_path):
    opened = EmbeddedJournal(tmp_path / "journal")
    opened.append(
        [
            JournalRecord(1, 1, KIND_TRANSACTION, BIG_KEY, b"", b""),
            JournalRecord(2, 1, KIND_LABEL, BIG_KEY, b"+", b"%d 1" % BIG_KEY),
            JournalRecord(3, 1, KIND_LABEL, 7, b"+", b"12 2"),
            JournalRecord(4, 1, KIND_LABEL, 7, b"+", b"13 3"),
        ]
    )
    yield opened
    opened.close()


def opened(tmp_path, journal) -> LabelIndex:
    return LabelIndex(tmp_path / "labels.sqlite", journal, read_label)


def position(tmp_path) -> int:
    connection = sqlite3.connect(tmp_path / "labels.sqlite")
    (found,) = connection.execute("SELECT sequence FROM position").fetchone()
    connection.close()
    return found


def test_new_index_catches_up_from_the_journal(tmp_path, journal):
    index = opened(tmp_path, journal)
    assert index.carried(BIG_KEY).value == 1
    assert index.carried(7).value == 3
    assert index.carried(8) is None
    assert [index.seen(key) for key in (BIG_KEY, 12, 13, 14)] == [True, True, True, False]
    index.close()
    assert position(tmp_path) == 4


def test_applied_labels_survive_without_the_journal_being_read_again(tmp_path, journal):
    index = opened(tmp_path, journal)
    journal.append([JournalRecord(5, 1, KIND_LABEL, 8, b"+", b"not a label")])
    index.apply([LabelEntry(20, 8, Carried(1, 1, b""), True, 5)])
    index.close()
    again = opened(tmp_path, journal)
    assert again.carried(8).value == 1
    assert again.seen(20)
    again.close()


def test_labels_journaled_but_not_indexed_are_caught_up(tmp_path, journal):
    opened(tmp_path, journal).close()
    journal.append([JournalRecord(5, 1, KIND_LABEL, 8, b"+", b"20 1")])
    index = opened(tmp_path, journal)
    assert index.carried(8).value == 1
    index.close()


def test_label_that_counted_nothing_moves_the_time_only_if_it_says_the_same(tmp_path, journal):
    journal.append(
        [
            JournalRecord(5, 30, KIND_LABEL, BIG_KEY, b"", b"20 1"),
            JournalRecord(6, 20, KIND_LABEL, BIG_KEY, b"", b"21 2"),
            JournalRecord(7, 10, KIND_LABEL, BIG_KEY, b"", b"22 1"),
        ]
    )
    index = opened(tmp_path, journal)
    assert index.carried(BIG_KEY) == (1, 30, b"row")
    assert index.seen(21)
    index.close()


def test_index_of_an_earlier_release_reads_the_journal_again(tmp_path, journal):
    opened(tmp_path, journal).close()
    connection = sqlite3.connect(tmp_path / "labels.sqlite")
    connection.executescript(
        "ALTER TABLE values_now DROP COLUMN row;"
        "ALTER TABLE values_now DROP COLUMN known_time_ns;"
        "INSERT INTO values_now VALUES (99, 2);"
    )
    connection.close()
    index = opened(tmp_path, journal)
    assert index.carried(7) == (3, 1, b"row")
    # Its event was dropped from the journal.
    assert index.carried(99) == (2, 0, b"")
    index.close()


def test_index_of_another_journal_is_made_anew(tmp_path, journal):
    opened(tmp_path, journal).close()
    other = EmbeddedJournal(tmp_path / "other")
    index = opened(tmp_path, other)
    assert index.carried(7) is None
    index.close()
    other.close()


def test_index_ahead_of_its_journal_is_made_anew(tmp_path, journal):
    index = opened(tmp_path, journal)
    index.apply([LabelEntry(99, 99, Carried(1, 1, b""), True, 1_000)])
    index._connection.close()
    again = opened(tmp_path, journal)
    assert again.carried(99) is None
    assert again.carried(7).value == 3
    again.close()


def test_damaged_index_is_made_anew(tmp_path, journal):
    (tmp_path / "labels.sqlite").write_bytes(b"no database at all " * 1_000)
    index = opened(tmp_path, journal)
    assert index.carried(7).value == 3
    index.close()


def test_index_that_cannot_be_made_is_a_configuration_error(tmp_path, journal):
    (tmp_path / "labels.sqlite").mkdir()
    with pytest.raises(ConfigurationError):
        opened(tmp_path, journal)
