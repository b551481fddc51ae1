import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import JournalRecord
from scoring_server.journal.segment import segment_paths

COMMIT_SIZES = (1, 3, 1, 5, 2, 8, 1)
SECTOR_SIZE_BYTES = 512


def committed() -> list[list[JournalRecord]]:
    sequence = 0
    commits = []
    for size in COMMIT_SIZES:
        commits.append(
            [
                JournalRecord(s, 1, 0, s, b"row", b"payload" * s * 40)
                for s in range(sequence + 1, sequence + size + 1)
            ]
        )
        sequence += size
    return commits


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files as a killed process leaves them, with everything still in the log."""
    directory = tmp_path_factory.mktemp("journal")
    journal = EmbeddedJournal(directory, sync_ms=60_000)
    for commit in committed():
        journal.append(commit)
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(directory, copy, dirs_exist_ok=True)
    journal.close()
    return copy


def log_of(directory: Path) -> Path:
    (segment,) = segment_paths(directory / "worker-0")
    return segment.with_name(segment.name + "-wal")


def surviving(directory: Path) -> list[JournalRecord]:
    journal = EmbeddedJournal(directory)
    try:
        kept = journal.read(0, 1_000)
        assert journal.last_sequence == (kept[-1].sequence if kept else 0)
        assert journal.damaged_segments == ()
        journal.append([JournalRecord(1_000, 1, 0, 1, b"row", b"new")])
        assert journal.read(journal.last_sequence - 1, 10)[-1].payload == b"new"
        return kept
    finally:
        journal.close()


def whole_commits() -> list[list[JournalRecord]]:
    """Every state that a whole number of commits can leave."""
    states: list[list[JournalRecord]] = [[]]
    for commit in committed():
        states.append(states[-1] + commit)
    return states


def test_whole_log_gives_every_commit(left_behind, tmp_path):
    shutil.copytree(left_behind, tmp_path / "j")
    assert surviving(tmp_path / "j") == whole_commits()[-1]


@given(fraction=st.floats(0, 1, exclude_max=True))
def test_log_cut_anywhere_reads_as_the_last_whole_commit(left_behind, tmp_path_factory, fraction):
    directory = tmp_path_factory.mktemp("cut")
    shutil.copytree(left_behind, directory, dirs_exist_ok=True)
    log = log_of(directory)
    size = log.stat().st_size
    with log.open("r+b") as file:
        file.truncate(int(size * fraction))
    assert surviving(directory) in whole_commits()
    shutil.rmtree(directory)


@given(fraction=st.floats(0, 1, exclude_max=True), garbage=st.binary(min_size=1, max_size=64))
def test_log_overwritten_anywhere_invents_nothing(left_behind, tmp_path_factory, fraction, garbage):
    directory = tmp_path_factory.mktemp("garbage")
    shutil.copytree(left_behind, directory, dirs_exist_ok=True)
    log = log_of(directory)
    with log.open("r+b") as file:
        file.seek(int(log.stat().st_size * fraction))
        file.write(garbage)
    assert surviving(directory) in whole_commits()
    shutil.rmtree(directory)


def cut(source: Path, directory: Path, name: str, size_bytes: int) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(source, directory)
    with (directory / "worker-0" / name).open("r+b") as file:
        file.truncate(size_bytes)


def test_log_cut_at_any_sector_reads_as_the_last_whole_commit(left_behind, tmp_path):
    log, states = log_of(left_behind), whole_commits()
    before: list[JournalRecord] = []
    for size_bytes in range(0, log.stat().st_size + 1, SECTOR_SIZE_BYTES):
        cut(left_behind, tmp_path / "j", log.name, size_bytes)
        kept = surviving(tmp_path / "j")
        assert kept in states
        assert len(kept) >= len(before)
        before = kept


def test_file_cut_at_any_sector_is_set_apart_and_nothing_is_invented(tmp_path):
    """The log was folded into the file already, so there is no other copy of what is cut off."""
    journal = EmbeddedJournal(tmp_path / "whole", segment_events_max=1_000)
    for commit in committed():
        journal.append(commit)
    journal.close()
    written = {record.sequence: record for commit in committed() for record in commit}
    (path,) = segment_paths(tmp_path / "whole" / "worker-0")
    assert not path.with_name(path.name + "-wal").exists()
    for size_bytes in range(0, path.stat().st_size, SECTOR_SIZE_BYTES):
        cut(tmp_path / "whole", tmp_path / "j", path.name, size_bytes)
        journal = EmbeddedJournal(tmp_path / "j")
        kept = journal.read(0, 1_000)
        assert [record for record in kept if written[record.sequence] != record] == []
        # All is there, or it is said that something is not.
        assert len(kept) == len(written) or journal.damaged_segments or size_bytes == 0
        after = journal.last_sequence + 1
        journal.append([JournalRecord(after, 1, 0, 1, b"row", b"new")])
        assert journal.read(after - 1, 10)[-1].payload == b"new"
        journal.close()
