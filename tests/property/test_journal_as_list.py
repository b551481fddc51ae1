"""The journal against the obvious one: a list in memory."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_TRANSACTION, JournalRecord

SEGMENT_EVENTS_MAX = 20
keys = st.integers(1, 5) | st.integers(2**63 - 2, 2**63 + 2) | st.just(2**64 - 1)


class JournalAsList(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.model: list[JournalRecord] = []
        self.journal = self.opened()

    def opened(self) -> EmbeddedJournal:
        return EmbeddedJournal(
            Path(self.directory.name), sync_ms=60_000, segment_events_max=SEGMENT_EVENTS_MAX
        )

    @rule(
        parts=st.lists(
            st.tuples(st.integers(1, 3), st.integers(0, 1), keys, st.binary(max_size=20)),
            min_size=1,
            max_size=15,
        )
    )
    def append(self, parts):
        sequence = self.journal.last_sequence
        records = []
        for step, kind, key, payload in parts:
            sequence += step
            records.append(JournalRecord(sequence, sequence, kind, key, payload, payload))
        self.journal.append(records)
        self.model += records

    @rule(after=st.integers(0, 300), limit=st.integers(1, 50))
    def read(self, after, limit):
        expected = [record for record in self.model if record.sequence > after][:limit]
        assert self.journal.read(after, limit) == expected

    @rule(sequence=st.integers(0, 300))
    def get(self, sequence):
        found = [record for record in self.model if record.sequence == sequence]
        assert self.journal.get(sequence) == (found[0] if found else None)

    @rule(key=keys)
    def find(self, key):
        found = [r for r in self.model if r.key == key and r.kind == KIND_TRANSACTION]
        assert self.journal.find(key) == (found[-1] if found else None)

    @rule()
    def seal(self):
        self.journal._keeper._seal()

    @rule()
    def reopen(self):
        self.journal.close()
        self.journal = self.opened()

    @invariant()
    def ends_agree(self):
        sequences = [record.sequence for record in self.model]
        assert self.journal.last_sequence == (sequences[-1] if sequences else 0)
        # A segment that was begun by an append carries that append's first sequence.
        assert self.journal.first_sequence == (sequences[0] if sequences else 0)

    def teardown(self):
        self.journal.close()
        self.directory.cleanup()


TestJournalAsList = JournalAsList.TestCase
TestJournalAsList.settings = settings(max_examples=40, stateful_step_count=30)
