"""Snapshots beside the live state, and recovery from them."""

import json

import numpy as np
import pytest
from structlog.testing import capture_logs

from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import recover
from scoring_server.engine.snapshotting import take_snapshot
from scoring_server.errors import ConfigurationError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_LABEL, KIND_TRANSACTION, JournalRecord
from scoring_server.journal.reader import JournalReader
from scoring_server.state.shared_table import StateCapacities, open_state
from scoring_server.state.snapshots import Snapshots
from tests.oracles import streams

SMALL = StateCapacities(64, 64, 64, 64, 64, 1_000)
ROWS = streams.transactions(400)


class Installation:
    """A journal with a state beside it, as a server has them."""

    def __init__(self, folder):
        self.folder = folder
        self.journal = EmbeddedJournal(folder / "journal", segment_events_max=50)
        self.engine = Engine(open_state(folder / "state", SMALL), None)
        self.snapshots = Snapshots(folder / "snapshots", SMALL)
        self.done = 0

    def live(self, count):
        """Take in more transactions, and a label for one in fifty."""
        for row in ROWS[self.done : self.done + count].reshape(-1, 1):
            self.engine.assess(row.copy())
            self._append(KIND_TRANSACTION, row)
            if self.engine.sequence % 50 == 0:
                label = streams.label_of(row[0])
                self.engine.apply_labels(label)
                self._append(KIND_LABEL, label)
        self.done += count

    def _append(self, kind, row):
        key = int(row["transaction_key"][0])
        record = JournalRecord(self.engine.sequence, 1, kind, key, row.tobytes(), b"payload")
        self.journal.append([record])

    def snapshot(self):
        """Take one as the other process does it: by reading the journal's files."""
        reader = JournalReader(self.folder / "journal")
        try:
            return take_snapshot(reader, self.snapshots)
        finally:
            reader.close()

    def tables(self):
        return [table.tobytes() for table in self.engine.state.tables[1:]]

    def recovered(self, **options):
        """Return the events folded, and the tables, of a server that finds its state torn."""
        self.engine.state.was_whole = False
        folded = recover(self.engine, self.journal, self.snapshots, **options)
        return folded, self.tables()


@pytest.fixture
def installation(tmp_path):
    made = Installation(tmp_path)
    yield made
    made.journal.close()
    made.engine.state.close()


def test_snapshot_and_the_rest_of_the_journal_give_the_state_bit_for_bit(installation):
    installation.live(230)
    made = installation.snapshot()
    assert made.sequence == installation.journal.last_sequence
    installation.live(50)
    expected, last = installation.tables(), installation.engine.sequence
    folded, found = installation.recovered()
    assert found == expected
    assert (
        folded == last - installation.snapshots.listed(installation.journal.journal_id)[0].sequence
    )
    assert installation.engine.sequence == last


def test_restored_state_goes_on_as_if_nothing_had_happened(installation, tmp_path):
    installation.live(200)
    installation.snapshot()
    installation.recovered()
    installation.live(100)
    straight = Installation(tmp_path / "straight")
    straight.live(300)
    assert installation.tables() == straight.tables()
    straight.journal.close()


def test_slots_take_turns_and_each_goes_on_from_its_own(installation):
    sequences = []
    for _ in range(4):
        installation.live(60)
        made = installation.snapshot()
        sequences.append((made.directory.name, made.sequence))
    assert [name for name, _ in sequences] == ["a", "b", "a", "b"]
    kept = installation.snapshots.listed(installation.journal.journal_id)
    assert [each.sequence for each in kept] == [sequences[3][1], sequences[2][1]]


def test_nothing_new_needs_no_snapshot(installation):
    assert installation.snapshot() is None
    installation.live(10)
    assert installation.snapshot() is not None
    assert installation.snapshot() is None


@pytest.mark.parametrize("file", ["accounts.table", "guard.table", "header.table"])
def test_damaged_snapshot_is_passed_over_for_the_other(installation, file):
    installation.live(100)
    older = installation.snapshot()
    installation.live(100)
    newer = installation.snapshot()
    expected, last = installation.tables(), installation.engine.sequence
    path = newer.directory / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with capture_logs() as logs:
        folded, found = installation.recovered()
    assert found == expected
    assert folded == last - older.sequence
    assert [log["file"] for log in logs if log["event"] == "snapshot_damaged"] == [file]


def test_both_snapshots_damaged_fold_the_whole_journal(installation):
    for _ in range(2):
        installation.live(50)
        made = installation.snapshot()
        (made.directory / "peers.table").unlink()
    expected, last = installation.tables(), installation.engine.sequence
    assert installation.recovered() == (last, expected)


def test_slot_that_was_left_half_way_is_made_anew_from_the_other(installation):
    installation.live(100)
    installation.snapshot()
    installation.live(100)
    # As if the process had been killed while it was folding.
    torn = installation.snapshots.begin(installation.journal.journal_id)
    Engine(torn, None).replay_transactions(ROWS[:7].copy(), np.arange(1, 8, dtype=np.uint64))
    torn.close()
    assert len(installation.snapshots.listed(installation.journal.journal_id)) == 1
    made = installation.snapshot()
    assert made.directory.name == "b"
    expected = installation.tables()
    folded, found = installation.recovered()
    assert (folded, found) == (0, expected)


@pytest.mark.parametrize("content", [b"", b"{", b'{"layout_version": 1}', b"[]", b"\xff"])
def test_torn_manifest_is_no_snapshot(installation, content):
    installation.live(60)
    made = installation.snapshot()
    (made.directory / "snapshot.json").write_bytes(content)
    assert installation.snapshots.newest(installation.journal.journal_id) is None
    expected, last = installation.tables(), installation.engine.sequence
    assert installation.recovered() == (last, expected)


def test_snapshot_of_another_layout_is_refused_and_said_so(installation):
    installation.live(60)
    path = installation.snapshot().directory / "snapshot.json"
    manifest = json.loads(path.read_text())
    manifest["layout_version"] = 999
    path.write_text(json.dumps(manifest))
    with capture_logs() as logs:
        assert installation.snapshots.newest(installation.journal.journal_id) is None
    assert {log["event"] for log in logs} == {"snapshot_refused"}


def test_snapshot_of_other_capacities_or_another_journal_is_not_taken(installation):
    installation.live(60)
    installation.snapshot()
    bigger = StateCapacities(128, 64, 64, 64, 64, 1_000)
    folder = installation.folder / "snapshots"
    assert Snapshots(folder, bigger).newest(installation.journal.journal_id) is None
    assert installation.snapshots.newest("another") is None


def test_snapshot_of_events_that_a_power_cut_took_is_forgotten(installation):
    installation.live(100)
    older = installation.snapshot()
    installation.live(100)
    installation.snapshot()
    journal_id = installation.journal.journal_id
    installation.snapshots.drop_ahead(journal_id, older.sequence + 3)
    assert [each.sequence for each in installation.snapshots.listed(journal_id)] == [older.sequence]


def test_missing_events_that_no_snapshot_holds_stop_the_start(installation):
    installation.live(200)
    installation.journal.close()
    min((installation.folder / "journal" / "worker-0").glob("segment-*.sqlite")).unlink()
    installation.journal = EmbeddedJournal(installation.folder / "journal")
    with pytest.raises(ConfigurationError, match="RECOVERY=partial"):
        installation.recovered()
    folded, _ = installation.recovered(partial=True)
    assert folded == installation.journal.last_sequence - installation.journal.first_sequence + 1


def test_missing_events_that_a_snapshot_holds_do_no_harm(installation):
    installation.live(200)
    installation.snapshot()
    installation.live(20)
    expected = installation.tables()
    installation.journal.close()
    min((installation.folder / "journal" / "worker-0").glob("segment-*.sqlite")).unlink()
    installation.journal = EmbeddedJournal(installation.folder / "journal")
    _, found = installation.recovered()
    assert found == expected
