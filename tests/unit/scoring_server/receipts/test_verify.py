import os
import random
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scoring_server.journal.checkpoints import CHECKPOINTS_FILE
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.retention import Retention
from scoring_server.journal.segment import segment_paths
from scoring_server.receipts.verify import Verification, verify_journal
from tests.support.journal_records import records, wait_sealed

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw().hex()
EVENTS = 40


def open_journal(directory: Path, segment_events_max: int = 1_000) -> EmbeddedJournal:
    return EmbeddedJournal(
        directory, segment_events_max=segment_events_max, signing_key=KEY, checkpoint_events=10
    )


def check(directory: Path, trusted: str = PUBLIC) -> Verification:
    journal_id = (directory / "journal_id").read_text("ascii").strip()
    return verify_journal(directory / "worker-0", journal_id, {trusted})


def change(directory: Path, *statements: str) -> None:
    (path,) = segment_paths(directory / "worker-0")
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    journal = open_journal(tmp_path)
    journal.append(records(1, EVENTS))
    journal.close()
    return tmp_path


def test_untouched_chain_is_signed_to_its_end(directory):
    found = check(directory)
    assert (found.faults, found.events, found.signed_sequence) == ([], EVENTS, EVENTS)


@pytest.mark.parametrize("seed", range(12))
def test_any_flipped_byte_is_named(directory, seed):
    random_ = random.Random(seed)
    sequence = random_.randint(1, EVENTS)
    column = random_.choice(["row", "payload", "link"])
    (path,) = segment_paths(directory / "worker-0")
    with sqlite3.connect(path) as connection:
        select = f"SELECT {column} FROM events WHERE sequence = ?"  # noqa: S608 - constants only
        content = bytearray(connection.execute(select, (sequence,)).fetchone()[0])
        content[random_.randrange(len(content))] ^= 1 << random_.randrange(8)
        update = f"UPDATE events SET {column} = ? WHERE sequence = ?"  # noqa: S608 - constants only
        connection.execute(update, (bytes(content), sequence))
    connection.close()
    assert check(directory).faults[0].startswith(f"event {sequence}, ")


@pytest.mark.parametrize(
    "statement",
    [
        "kind = 1",
        "ingest_time_ns = 7",
        "key = 7",
        "evidence = x'00'",
        "row = 7",
        "payload = 'text'",
    ],
)
def test_any_altered_column_is_named(directory, statement):
    change(directory, f"UPDATE events SET {statement} WHERE sequence = 17")  # noqa: S608
    faults = check(directory).faults
    assert faults
    assert "event 17" in faults[0]


def test_dropped_event_is_named(directory):
    change(directory, "DELETE FROM events WHERE sequence = 17")
    assert check(directory).faults[0].startswith("event 18, after event 16, breaks the chain")


def test_dropped_first_event_is_named(directory):
    change(directory, "DELETE FROM events WHERE sequence = 1")
    assert check(directory).faults[0].startswith("event 2, at the beginning, breaks the chain")


def test_swapped_events_are_named(directory):
    change(
        directory,
        "UPDATE events SET sequence = -1 WHERE sequence = 17",
        "UPDATE events SET sequence = 17 WHERE sequence = 18",
        "UPDATE events SET sequence = 18 WHERE sequence = -1",
    )
    faults = check(directory).faults
    assert faults[0].startswith("event 17, ")
    assert faults[1].startswith("event 18, ")


@pytest.mark.parametrize("link", ["x'00'", "NULL", "(SELECT link FROM events WHERE sequence = 40)"])
def test_inserted_event_is_named(directory, link):
    change(
        directory,
        f"INSERT INTO events VALUES (41, 1, 0, 1, x'00', x'00', x'', {link})",  # noqa: S608
    )
    assert check(directory).faults[0].startswith("event 41")


def test_cut_end_is_named(directory):
    change(directory, "DELETE FROM events WHERE sequence > 35")
    assert check(directory).faults == ["the end was cut off after event 35: event 40 was signed"]


def test_chain_written_anew_is_refused(directory, tmp_path_factory):
    forged = tmp_path_factory.mktemp("forged")
    journal = EmbeddedJournal(forged)
    journal.append([r._replace(payload=b"forged") for r in records(1, EVENTS)])
    journal.close()
    (path,) = segment_paths(directory / "worker-0")
    (other,) = segment_paths(forged / "worker-0")
    path.write_bytes(other.read_bytes())
    assert check(directory).faults[0].startswith("event 40 is not the one that was signed")


def test_checkpoint_of_another_key_is_refused(directory):
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    assert "not trusted" in check(directory, stranger).faults[0]


def test_altered_checkpoint_is_refused(directory):
    path = directory / "worker-0" / CHECKPOINTS_FILE
    path.write_text(path.read_text().replace('"sequence":40', '"sequence":39'))
    assert "wrong signature" in check(directory).faults[0]


def test_chain_goes_on_over_restart_and_segments(tmp_path):
    for first in (1, 11, 21):
        journal = open_journal(tmp_path, segment_events_max=5)
        for sequence in range(first, first + 10):
            journal.append(records(sequence, sequence))
        journal.close()
    found = check(tmp_path)
    assert (found.faults, found.events, found.signed_sequence) == ([], 30, 30)


def test_dropped_segments_leave_the_chain_provable(tmp_path):
    journal = open_journal(tmp_path, segment_events_max=10)
    for sequence in range(1, 36):
        journal.append(records(sequence, sequence))
    wait_sealed(journal, 3)
    assert journal.drop(Retention(days=1), 35, 10**18) == 3
    journal.close()
    found = check(tmp_path)
    assert (found.faults, found.events, found.signed_sequence) == ([], 5, 35)
    (path,) = segment_paths(tmp_path / "worker-0")
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM events WHERE sequence = 31")
    connection.close()
    assert check(tmp_path).faults[0].startswith("event 32, at the beginning, breaks the chain")


def test_killed_writer_leaves_a_whole_chain(tmp_path):
    child = os.fork()
    if child == 0:
        journal = open_journal(tmp_path)
        journal.append(records(1, 25))
        os._exit(9)
    os.waitpid(child, 0)
    journal = open_journal(tmp_path)
    journal.append(records(26, 30))
    journal.close()
    found = check(tmp_path)
    assert (found.faults, found.events, found.signed_sequence) == ([], 30, 30)


def test_events_of_an_earlier_release_stand_before_the_chain(directory):
    change(directory, "ALTER TABLE events DROP COLUMN link")
    change(directory, "ALTER TABLE events DROP COLUMN evidence")
    (directory / "worker-0" / CHECKPOINTS_FILE).unlink()
    journal = open_journal(directory)
    assert journal.read(0, 100) == records(1, EVENTS)
    journal.append(records(41, 42))
    journal.close()
    found = check(directory)
    assert (found.faults, found.unchained, found.events) == ([], EVENTS, 2)
