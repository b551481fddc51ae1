from typing import NamedTuple

import numpy as np
import pytest

from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import is_current, recover
from scoring_server.engine.scorer import Scorer
from scoring_server.errors import ResourceExhaustedError, UnavailableError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.oracles import streams
from tests.support.contents import no_contents

SMALL = StateCapacities(64, 64, 64, 64, 64, 1_000)


class FullOnce(EmbeddedJournal):
    """A real journal whose disk is full for as many appends as told."""

    refusals = 0

    def append_block(self, block):
        if self.refusals:
            self.refusals -= 1
            raise ResourceExhaustedError("the journal's disk is full", reason="JOURNAL_FULL")
        super().append_block(block)


class Scored(NamedTuple):
    status: str
    sequence: int
    payload: bytes


class Rig:
    def __init__(self, folder):
        self.folder = folder
        self.encoded = []
        self.open()

    def open(self):
        self.journal = FullOnce(self.folder / "journal", sync_ms=100)
        self.engine = Engine(open_state(self.folder / "state", SMALL), None)
        self.scorer = Scorer(self.engine, self.journal, lambda: 42)

    def score(self, rows):
        """Return status, sequence and payload of each transaction."""
        outcomes = {}

        def encode(positions, assessment, ingest_time_ns):
            sequences = assessment.sequences.tolist()
            self.encoded += sequences
            scores = zip(sequences, assessment.risk_score, strict=True)
            payloads = [f"{each}:{ingest_time_ns}:{risk}".encode() for each, risk in scores]
            made = zip(sequences, payloads, strict=True)
            outcomes.update(zip(positions, (Scored("NEW", *each) for each in made), strict=True))
            return payloads

        known = self.scorer.score(rows, encode, no_contents)
        assert not known.keys() & outcomes.keys()
        outcomes.update(known)
        return [outcomes[position] for position in range(len(rows))]

    def close(self):
        self.journal.close()
        self.engine.state.close()


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def test_same_id_and_content_gets_the_first_answer_and_changes_nothing(rig):
    rows = streams.transactions(5)
    first = rig.score(rows)
    before = [table.tobytes() for table in rig.engine.state.tables]
    again = rig.score(rows)
    assert [o.status for o in first] == ["NEW"] * 5
    assert [o.status for o in again] == ["REPLAYED"] * 5
    assert [o.payload for o in again] == [o.payload for o in first]
    assert [table.tobytes() for table in rig.engine.state.tables] == before
    assert rig.encoded == [1, 2, 3, 4, 5]


def test_same_id_with_other_content_is_a_conflict(rig):
    rows = streams.transactions(1)
    rig.score(rows)
    rows["content_key"] += np.uint64(1)
    (outcome,) = rig.score(rows)
    assert outcome.status == "CONFLICT"
    assert rig.engine.sequence == 1


def test_duplicates_inside_a_block_behave_as_in_two_calls(rig):
    rows = streams.transactions(4)
    rows[2] = rows[0]
    rows[3] = rows[1]
    rows["content_key"][3] += np.uint64(1)
    outcomes = rig.score(rows)
    assert [o.status for o in outcomes] == ["NEW", "NEW", "REPLAYED", "CONFLICT"]
    assert outcomes[2].payload == outcomes[0].payload
    assert rig.journal.last_sequence == rig.engine.sequence == 2


def test_block_of_known_and_new_ids_keeps_the_order(rig):
    rows = streams.transactions(6)
    rig.score(rows[:3])
    outcomes = rig.score(rows[::-1].copy())
    assert [o.status for o in outcomes] == ["NEW"] * 3 + ["REPLAYED"] * 3
    assert [o.sequence for o in outcomes] == [4, 5, 6, 3, 2, 1]


def test_full_disk_sheds_and_later_answers_what_it_had_assessed(rig):
    rows = streams.transactions(2)
    rig.journal.refusals = 2
    for _ in range(2):
        with pytest.raises(ResourceExhaustedError):
            rig.score(rows[:1])
    assert rig.engine.sequence == 1
    (outcome,) = rig.score(rows[:1])
    assert (outcome.status, outcome.sequence) == ("REPLAYED", 1)
    assert [o.sequence for o in rig.score(rows[1:])] == [2]
    assert [record.sequence for record in rig.journal.read(0, 10)] == [1, 2]


def test_event_that_cannot_be_made_stops_scoring_until_a_restart(rig):
    rows = streams.transactions(3)
    rig.score(rows[:1])

    def fail(*_arguments):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rig.scorer.score(rows[1:2], fail, no_contents)
    with pytest.raises(UnavailableError):
        rig.score(rows[2:])
    rig.close()
    rig.open()
    assert recover(rig.engine, rig.journal) == 1
    assert [o.sequence for o in rig.score(rows[1:])] == [2, 3]


def test_labels_are_journaled_in_the_same_order_of_sequences(rig):
    rows = streams.transactions(2)
    rig.score(rows[:1])
    sequences = rig.scorer.report_labels(
        streams.label_of(rows[0]),
        lambda _position, sequence, _time: b"%d" % sequence,
        no_contents,
    )
    rig.score(rows[1:])
    assert sequences == [2]
    assert [(r.sequence, r.kind) for r in rig.journal.read(0, 10)] == [(1, 0), (2, 1), (3, 0)]


def test_find_transaction_by_key(rig):
    rows = streams.transactions(3)
    rig.score(rows)
    record = rig.scorer.find_transaction(int(rows["transaction_key"][1]))
    assert record.sequence == 2
    assert record.row == rows[1].tobytes()
    assert rig.scorer.find_transaction(12345) is None


def _mixed_history(rig):
    rows = streams.transactions(300)
    rig.score(rows[:120])
    rig.scorer.report_labels(streams.label_of(rows[7]), lambda *_: b"label", no_contents)
    rig.score(rows[120:])


def test_replaying_the_journal_gives_the_state_bit_for_bit(rig):
    _mixed_history(rig)
    tables = rig.engine.state.tables
    expected = [table.tobytes() for table in tables[1:]]
    sequence = rig.engine.sequence
    rig.engine.state.was_whole = False
    assert recover(rig.engine, rig.journal) == 301
    assert [table.tobytes() for table in rig.engine.state.tables[1:]] == expected
    assert rig.engine.sequence == sequence


def test_clean_stop_needs_no_recovery(rig):
    _mixed_history(rig)
    rig.engine.state.mark_clean()
    rig.close()
    rig.open()
    assert rig.engine.state.was_clean
    assert recover(rig.engine, rig.journal) == 0
    assert rig.engine.sequence == 301


def test_state_ahead_of_the_journal_is_rebuilt(rig):
    _mixed_history(rig)
    # Assessed, but the process died before the journal had it: nobody was answered.
    rig.engine.assess(streams.transactions(1, first_id=9_000))
    rig.close()
    rig.open()
    assert not is_current(rig.engine, rig.journal)
    assert recover(rig.engine, rig.journal) == 301
    assert rig.engine.sequence == 301
    (outcome,) = rig.score(streams.transactions(1, first_id=9_000))
    assert outcome.status == "NEW"


def test_process_that_died_inside_a_kernel_leaves_a_state_that_is_rebuilt(rig):
    _mixed_history(rig)
    rig.engine.state.header["busy"][0] = 1
    rig.close()
    rig.open()
    assert not rig.engine.state.was_whole
    assert recover(rig.engine, rig.journal) == 301


def test_other_capacity_starts_empty_and_is_rebuilt(rig):
    _mixed_history(rig)
    rig.engine.state.mark_clean()
    rig.engine.state.close()
    bigger = StateCapacities(128, 64, 64, 64, 64, 1_000)
    subject = Engine(open_state(rig.folder / "state", bigger), None)
    assert subject.sequence == 0
    assert recover(subject, rig.journal) == 301
    assert subject.sequence == 301
