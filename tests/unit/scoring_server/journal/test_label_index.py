import sqlite3

import pytest

from scoring_server.errors import ConfigurationError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_LABEL, KIND_TRANSACTION, JournalRecord
from scoring_server.journal.label_index import LabelEntry, LabelIndex

BIG_KEY = 2**64 - 3


def read_label(payload: bytes) -> tuple[int, int]:
    label_key, value = payload.split(b" ")
    return int(label_key), int(value)


@pytest.fixture
def journal(tmp_path):
    opened = EmbeddedJournal(tmp_path / "journal")
    opened.append(
        [
            JournalRecord(1, 1, KIND_TRANSACTION, BIG_KEY, b"", b""),
            JournalRecord(2, 1, KIND_LABEL, BIG_KEY, b"", b"%d 1" % BIG_KEY),
            JournalRecord(3, 1, KIND_LABEL, 7, b"", b"12 2"),
            JournalRecord(4, 1, KIND_LABEL, 7, b"", b"13 3"),
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
    assert index.value(BIG_KEY) == 1
    assert index.value(7) == 3
    assert index.value(8) is None
    assert [index.seen(key) for key in (BIG_KEY, 12, 13, 14)] == [True, True, True, False]
    index.close()
    assert position(tmp_path) == 4


def test_applied_labels_survive_without_the_journal_being_read_again(tmp_path, journal):
    index = opened(tmp_path, journal)
    journal.append([JournalRecord(5, 1, KIND_LABEL, 8, b"", b"not a label")])
    index.apply([LabelEntry(20, 8, 1, 5)])
    index.close()
    again = opened(tmp_path, journal)
    assert again.value(8) == 1
    assert again.seen(20)
    again.close()


def test_labels_journaled_but_not_indexed_are_caught_up(tmp_path, journal):
    opened(tmp_path, journal).close()
    journal.append([JournalRecord(5, 1, KIND_LABEL, 8, b"", b"20 1")])
    index = opened(tmp_path, journal)
    assert index.value(8) == 1
    index.close()


def test_index_of_another_journal_is_made_anew(tmp_path, journal):
    opened(tmp_path, journal).close()
    other = EmbeddedJournal(tmp_path / "other")
    index = opened(tmp_path, other)
    assert index.value(7) is None
    index.close()
    other.close()


def test_index_ahead_of_its_journal_is_made_anew(tmp_path, journal):
    index = opened(tmp_path, journal)
    index.apply([LabelEntry(99, 99, 1, 1_000)])
    index._connection.close()
    again = opened(tmp_path, journal)
    assert again.value(99) is None
    assert again.value(7) == 3
    again.close()


def test_damaged_index_is_made_anew(tmp_path, journal):
    (tmp_path / "labels.sqlite").write_bytes(b"no database at all " * 1_000)
    index = opened(tmp_path, journal)
    assert index.value(7) == 3
    index.close()


def test_index_that_cannot_be_made_is_a_configuration_error(tmp_path, journal):
    (tmp_path / "labels.sqlite").mkdir()
    with pytest.raises(ConfigurationError):
        opened(tmp_path, journal)
