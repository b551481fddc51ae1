"""What is left of a journal after damage and sudden death."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from scoring_server.journal.embedded import APPEND_SIZE_MAX, EmbeddedJournal
from scoring_server.journal.segment import segment_paths
from tests.support.journal_records import record, records, wait_sealed


def corrupt(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(b"\xff" * size)


def test_damaged_middle_segment_is_reported_and_the_rest_served(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=1, segment_events_max=1_000)
    for first in (1, 1_001, 2_001):
        journal.append(records(first, first + 999))
    wait_sealed(journal, 3)
    journal.close()
    middle = segment_paths(tmp_path / "worker-0")[1]
    corrupt(middle)
    reopened = EmbeddedJournal(tmp_path, segment_events_max=1_000)
    assert reopened.damaged_segments == (middle.name,)
    assert reopened.read(0, 5_000) == records(1, 1_000) + records(2_001, 3_000)
    assert reopened.last_sequence == 3_000
    assert reopened.find(record(1_500).key) is None
    reopened.append(records(3_001, 3_001))
    reopened.close()


def test_damage_met_while_reading_is_reported_and_the_rest_served(tmp_path):
    journal = EmbeddedJournal(tmp_path, sync_ms=1, segment_events_max=1_000)
    for first in (1, 1_001):
        journal.append(records(first, first + 999))
    wait_sealed(journal, 2)
    path = segment_paths(tmp_path / "worker-0")[0]
    journal._segments[0].close_reader()
    corrupt(path)
    assert journal.read(0, 5_000) == records(1_001, 2_000)
    assert journal.damaged_segments == (path.name,)
    journal.close()


def test_damaged_last_segment_never_gives_its_sequences_again(tmp_path):
    journal = EmbeddedJournal(tmp_path, segment_events_max=1_000)
    journal.append(records(1, 500))
    journal.close()
    corrupt(segment_paths(tmp_path / "worker-0")[0])
    reopened = EmbeddedJournal(tmp_path, segment_events_max=1_000)
    assert reopened.last_sequence >= 1_000 + APPEND_SIZE_MAX
    following = reopened.last_sequence + 1
    reopened.append([record(following)])
    assert reopened.read(0, 10) == [record(following)]
    reopened.close()


def test_segment_without_its_table_is_empty(tmp_path):
    EmbeddedJournal(tmp_path).close()
    sqlite3.connect(tmp_path / "worker-0" / f"segment-{1:020d}.sqlite").close()
    journal = EmbeddedJournal(tmp_path)
    journal.append(records(1, 2))
    assert journal.read(0, 10) == records(1, 2)
    journal.close()


APPENDER = """
import sys
from pathlib import Path
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import JournalRecord
journal = EmbeddedJournal(Path(sys.argv[1]), segment_events_max=200)
sequence = journal.last_sequence
while True:
    size = 1 + sequence % 7
    journal.append([
        JournalRecord(sequence + i, 1, 0, sequence + i, b"row", b"payload%d" % (sequence + i))
        for i in range(1, size + 1)
    ])
    sequence += size
    print(sequence, flush=True)
"""


def test_killed_process_loses_nothing_it_acknowledged(tmp_path):
    for acknowledgements in (50, 333, 700):
        with subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            lines = [process.stdout.readline() for _ in range(acknowledgements)]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        acknowledged = max(int(line) for line in lines if line.endswith("\n"))
        journal = EmbeddedJournal(tmp_path, segment_events_max=200)
        kept = journal.read(0, 1_000_000)
        assert [r.sequence for r in kept] == list(range(1, len(kept) + 1))
        assert len(kept) >= acknowledged
        assert all(r.payload == b"payload%d" % r.sequence for r in kept)
        journal.close()
