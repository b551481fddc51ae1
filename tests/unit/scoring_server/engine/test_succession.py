"""A worker that dies between the state and its journal: its heir finishes the block."""

import numpy as np
import pytest

from scoring_server.engine.engine import Engine
from scoring_server.engine.recovery import fold
from scoring_server.engine.scorer import Scorer
from scoring_server.engine.succession import finish
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_LABEL
from scoring_server.journal.merged import MergedJournal
from scoring_server.journal.reader import JournalReader
from scoring_server.state.dead_worker import release_dead
from scoring_server.state.seat import Seat, settled_of
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.oracles import streams

SMALL = StateCapacities(64, 64, 64, 64, 64, 1_000)
NOW_NS = 42


def messages(rows):
    """A message for each row that names it, as data and spans."""
    each = [b"message of %d" % key for key in rows["transaction_key"]]
    ends = np.cumsum([len(message) for message in each])
    return b"".join(each), np.column_stack((ends - [len(m) for m in each], ends))


def encode_again(contents, rows, assessment, _ingest_time_ns):
    assert list(contents) == [messages(rows[at : at + 1])[0] for at in range(len(rows))]
    return events_of(contents, assessment)


def events_of(contents, assessment):
    told = zip(contents, assessment.sequences, assessment.risk_score, strict=True)
    return [b"%s, %d, %.17g" % (content, sequence, risk) for content, sequence, risk in told]


def label_event(content, sequence, _ingest_time_ns):
    return b"label: %s, %d" % (content, sequence)


class Worker:
    """One process's part, as app.py puts it together."""

    def __init__(self, folder, index):
        self.own = EmbeddedJournal(folder / "journal", worker=index)
        self.state = open_state(folder / "state", SMALL)
        self.state.share(begin=False)
        self.seat = Seat(self.state, index)
        self.engine = Engine(self.state, None, worker=index)
        self.journal = MergedJournal(self.own, self.seat.settled)
        self.scorer = Scorer(self.engine, self.journal, lambda: NOW_NS, None, self.seat)

    def finish(self):
        return finish(self.seat, self.engine, self.own, None, encode_again, label_event, NOW_NS)

    def score(self, rows):
        """Return what became of known ids, by position."""

        def content(positions):
            return messages(rows[list(positions)])

        def encode(positions, assessment, _ingest_time_ns):
            contents = [messages(rows[at : at + 1])[0] for at in positions]
            return events_of(contents, assessment)

        return self.scorer.score(rows, encode, content)


class Crew:
    def __init__(self, folder):
        self.folder = folder
        self.state = open_state(folder / "state", SMALL)
        self.state.share(begin=True)
        # Both have a directory before either looks for the other's.
        for index in range(2):
            EmbeddedJournal(folder / "journal", worker=index).close()
        self.workers = [Worker(folder, index) for index in range(2)]

    def bury(self, index):
        """Let a worker be dead, which costs it nothing but what it had in its memory."""
        self.workers[index].journal.close()
        release_dead(self.state, index)

    def replace(self, index):
        self.workers[index] = Worker(self.folder, index)
        return self.workers[index]

    def check_state_is_the_fold_of_all_events(self):
        anew = open_state(None, SMALL)
        reader = JournalReader(self.folder / "journal")
        fold(Engine(anew, None), reader, 0, reader.last_sequence)
        reader.close()
        for served, expected in zip(self.state.tables[1:], anew.tables[1:], strict=True):
            assert served.tobytes() == expected.tobytes()

    def close(self):
        for worker in self.workers:
            worker.journal.close()


@pytest.fixture
def crew(tmp_path):
    made = Crew(tmp_path)
    yield made
    made.close()


def payloads(journal):
    return {record.sequence: record.payload for record in journal.read(0, 1_000)}


@pytest.mark.parametrize("done", [0, 1, 7, 10])
@pytest.mark.parametrize("is_written", [True, False])
def test_the_rows_that_the_state_learnt_get_their_events_and_the_others_none(
    crew, done, is_written
):
    rows = streams.transactions(30)
    first, second = crew.workers
    first.score(rows[:5])
    second.score(rows[20:])
    victim = rows[5:15]
    first.seat.begin(victim, *messages(victim))
    # As far as it gets before it dies: the state has learnt so many rows.
    expected = []
    if done:
        assessment = first.engine.assess(victim[:done], notes=first.seat.notes)
        expected = events_of([messages(victim[at : at + 1])[0] for at in range(done)], assessment)
        if not is_written:
            # It died between the last row's change and writing down its number.
            first.seat.notes.sequences[done - 1] = 0
    pending_from = int(crew.state.workers[0]["pending_from"])
    assert pending_from == 16
    second.score(rows[15:20])
    # Nobody passes over what comes late.
    assert second.journal.last_sequence == 15
    assert max(payloads(second.journal)) == 15
    assert settled_of(crew.folder / "state") == 15
    crew.bury(0)
    heir = crew.replace(0)
    assert heir.finish() == done
    assert second.journal.last_sequence == heir.journal.last_sequence == 20 + done
    told = payloads(second.journal)
    assert [told[16 + at] for at in range(done)] == expected
    assert sorted(told) == list(range(1, 21 + done))
    crew.check_state_is_the_fold_of_all_events()
    # The caller tries again, with either worker.
    known = second.score(victim)
    assert [known[at].status for at in range(done)] == ["REPLAYED"] * done
    assert [known[at].payload for at in range(done)] == expected
    assert sorted(known) == list(range(done))


def test_a_row_half_changed_is_no_event(crew):
    rows = streams.transactions(4)
    first = crew.workers[0]
    first.seat.begin(rows, *messages(rows))
    first.engine.assess(rows[:2], notes=first.seat.notes)
    notes = crew.state.workers[0:1]
    # In the third row, numbered and noted, within its change.
    notes["row"], notes["sequence"], notes["changing"] = 2, 3, 1
    notes["image_count"] = notes["guard_key"] = 0
    crew.bury(0)
    assert crew.replace(0).finish() == 2
    assert sorted(payloads(crew.workers[1].journal)) == [1, 2]


def test_a_block_that_is_journaled_already_is_not_journaled_again(crew):
    rows = streams.transactions(3)
    crew.workers[0].score(rows)
    assert crew.workers[1].journal.last_sequence == 3
    # It died before it noted that.
    crew.state.workers[0:1]["pending_from"] = 1
    assert crew.workers[1].journal.last_sequence == 3, "what was shown once stays"
    crew.bury(0)
    assert crew.replace(0).finish() == 0
    assert len(payloads(crew.workers[1].journal)) == 3
    assert not crew.state.workers["pending_from"].any()


def test_labels_get_their_events_too(crew):
    rows = streams.transactions(3)
    first = crew.workers[0]
    first.score(rows)
    labels = np.concatenate([streams.label_of(row) for row in rows])
    first.seat.begin(labels, *messages(labels))
    first.engine.apply_labels(labels, first.seat.notes)
    crew.bury(0)
    assert crew.replace(0).finish() == 3
    found = [each for each in crew.workers[1].journal.read(0, 10) if each.kind == KIND_LABEL]
    assert [each.row for each in found] == [label.tobytes() for label in labels]
    assert found[2].payload == b"label: %s, 6" % messages(labels[2:])[0]
    crew.check_state_is_the_fold_of_all_events()


def test_a_state_that_owes_events_is_not_whole_for_the_next_start(crew):
    rows = streams.transactions(3)
    first = crew.workers[0]
    first.seat.begin(rows, *messages(rows))
    first.engine.assess(rows, notes=first.seat.notes)
    assert not open_state(crew.folder / "state", SMALL).was_whole
    first.seat.settle()
    assert open_state(crew.folder / "state", SMALL).was_whole


def test_an_id_that_another_worker_has_in_hand_is_pending_and_then_replayed(crew):
    rows = streams.transactions(3)
    first, second = crew.workers
    first.seat.begin(rows, *messages(rows))
    first.engine.assess(rows, notes=first.seat.notes)
    assert {each.status for each in second.score(rows).values()} == {"PENDING"}
    crew.bury(0)
    crew.replace(0).finish()
    assert {each.status for each in second.score(rows).values()} == {"REPLAYED"}


def test_whoever_loses_a_race_for_an_id_scores_the_rest_of_its_block(crew):
    rows = streams.transactions(5)
    first, second = crew.workers
    lookup = second.engine.lookup

    def quicker(block):
        """Let the other worker score two of them after this one has looked."""
        found = lookup(block)
        second.engine.lookup = lookup
        first.score(rows[1:3])
        return found

    second.engine.lookup = quicker
    known = second.score(rows)
    assert {at: each.status for at, each in known.items()} == {1: "REPLAYED", 2: "REPLAYED"}
    assert [known[at].sequence for at in (1, 2)] == [1, 2]
    assert sorted(payloads(first.journal)) == [1, 2, 3, 4, 5]
    crew.check_state_is_the_fold_of_all_events()


def test_messages_beyond_the_room_of_the_notes_make_more_room(crew):
    rows = streams.transactions(2)
    first = crew.workers[0]
    data = b"x" * 3_000_000
    spans = np.array([[0, 10], [10, len(data)]])
    first.seat.begin(rows, data, spans)
    first.engine.assess(rows, notes=first.seat.notes)
    crew.bury(0)
    left = Seat(crew.state, 0).unfinished()
    assert [len(each) for each in left.contents] == [10, len(data) - 10]
    assert left.rows.tobytes() == rows.tobytes()
