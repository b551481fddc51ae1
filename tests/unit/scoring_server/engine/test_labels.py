from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring_server.clock import wall_time_ns
from scoring_server.engine.engine import Engine
from scoring_server.engine.labels import (
    APPLIED,
    DUPLICATE,
    FRAUD,
    LEGITIMATE,
    UNKNOWN_TRANSACTION,
    WITHDRAWN,
    LabelReport,
    Labels,
    label_entry,
)
from scoring_server.engine.scorer import Scorer
from scoring_server.errors import ResourceExhaustedError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_LABEL
from scoring_server.journal.label_index import LabelIndex
from scoring_server.kernels.dtypes import LABEL, TRANSACTION
from scoring_server.state.shared_table import StateCapacities, open_state
from tests.support.contents import no_contents

EVENT_TIME_NS = 1_700_000_000 * 10**9
KNOWN_TIME_NS = EVENT_TIME_NS + 5


def payload_of(reports):
    """Return what makes payloads that `read_row` reads, each after its place in the report."""
    return lambda position, _sequence, _time: (
        b"%d %d %d"
        % (
            position,
            reports[position].label_key,
            reports[position].value,
        )
    )


def message_of(_position):
    return b""


def read_row(record):
    _, label_key, value = record.payload.split(b" ")
    return label_entry(int(label_key), int(value), record.row, record.sequence)


@pytest.fixture
def journal(tmp_path):
    opened_journal = EmbeddedJournal(tmp_path / "journal")
    yield opened_journal
    opened_journal.close()


def opened(folder, journal) -> tuple[Labels, LabelIndex]:
    state = open_state(None, StateCapacities(64, 64, 64, 64, 64, 1_000))
    scorer = Scorer(Engine(state, None), journal, wall_time_ns)
    rows = np.zeros(3, TRANSACTION)
    rows["transaction_key"] = (1, 2, 3)
    rows["content_key"] = 1
    rows["event_time_ns"] = EVENT_TIME_NS
    rows["account_key"] = (11, 12, 13)
    rows["merchant_key"] = 21
    rows["device_key"] = 31
    rows["amount"] = 1.0
    rows["latitude_deg"] = rows["longitude_deg"] = rows["reporting_limit"] = np.nan
    scorer.score(rows, lambda *_arguments: [b"event"] * 3, no_contents)
    index = LabelIndex(folder / "labels.sqlite", journal, read_row)
    return Labels(scorer, index), index


@pytest.fixture
def labels(tmp_path, journal):
    made, index = opened(tmp_path, journal)
    yield made
    index.close()


def report(
    label_key: int, transaction_key: int, value: int, known_time_ns: int = KNOWN_TIME_NS
) -> LabelReport:
    return LabelReport(label_key, transaction_key, value, known_time_ns)


def statuses(labels: Labels, *reports: LabelReport) -> list[int]:
    return [result.status for result in labels.report(reports, payload_of(reports), message_of)]


def journaled(journal) -> list:
    records = [record for record in journal.read(0, 1_000) if record.kind == KIND_LABEL]
    return [np.frombuffer(record.row, LABEL)[0] for record in records]


def deltas(journal) -> list[tuple[int, int]]:
    return [(int(row["fraud_delta"]), int(row["legitimate_delta"])) for row in journaled(journal)]


def test_label_is_journaled_with_the_entities_of_its_transaction(labels, journal):
    reports = [report(100, 2, FRAUD)]
    (result,) = labels.report(reports, payload_of(reports), message_of)
    assert result == (APPLIED, 4)
    (row,) = journaled(journal)
    assert row["transaction_key"] == 2
    assert (row["account_key"], row["merchant_key"], row["device_key"]) == (12, 21, 31)
    assert (row["known_time_ns"], row["event_time_ns"]) == (KNOWN_TIME_NS, EVENT_TIME_NS)
    assert (row["fraud_delta"], row["legitimate_delta"]) == (1, 0)


def test_replacing_label_takes_the_earlier_one_back(labels, journal):
    values = (FRAUD, LEGITIMATE, WITHDRAWN, FRAUD, WITHDRAWN)
    for number, value in enumerate(values):
        assert statuses(labels, report(100 + number, 1, value)) == [APPLIED]
    assert deltas(journal) == [(1, 0), (-1, 1), (0, -1), (1, 0), (-1, 0)]


def test_replacing_within_one_report_is_the_same(labels, journal):
    reports = [report(100 + n, 1, v) for n, v in enumerate((FRAUD, LEGITIMATE, LEGITIMATE))]
    assert statuses(labels, *reports) == [APPLIED, APPLIED, APPLIED]
    assert deltas(journal) == [(1, 0), (-1, 1), (0, 0)]


def test_label_that_became_known_earlier_is_kept_and_counts_nothing(labels, journal):
    reports = [
        report(1, 1, LEGITIMATE, KNOWN_TIME_NS + 9),
        report(2, 1, FRAUD, KNOWN_TIME_NS + 8),
        report(3, 1, FRAUD, KNOWN_TIME_NS + 9),
    ]
    assert statuses(labels, *reports) == [APPLIED] * 3
    assert deltas(journal) == [(0, 1), (0, 0), (1, -1)]


def test_label_said_again_later_outlives_one_known_in_between(labels, journal):
    for number, (value, after_ns) in enumerate([(FRAUD, 0), (FRAUD, 9), (LEGITIMATE, 5)]):
        assert statuses(labels, report(number + 1, 1, value, KNOWN_TIME_NS + after_ns)) == [APPLIED]
    assert deltas(journal) == [(1, 0), (0, 0), (0, 0)]


def test_label_can_be_withdrawn_after_its_transaction_was_dropped(labels, journal):
    assert statuses(labels, report(1, 1, FRAUD)) == [APPLIED]
    labels._scorer.find_transaction = lambda _key: None
    assert statuses(labels, report(2, 1, WITHDRAWN), report(3, 2, FRAUD)) == [
        APPLIED,
        UNKNOWN_TRANSACTION,
    ]
    assert journaled(journal)[1]["account_key"] == 11


class Told(NamedTuple):
    known_time_ns: int
    arrival: int
    value: int


@settings(max_examples=60)
@given(
    calls=st.lists(
        st.lists(
            st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 4)),
            max_size=4,
        ),
        max_size=8,
    )
)
def test_counts_are_those_of_the_labels_known_last(tmp_path_factory, calls):
    folder = tmp_path_factory.mktemp("labels")
    journal = EmbeddedJournal(folder / "journal")
    labels, index = opened(folder, journal)
    known: dict[int, dict[int, Told]] = {1: {}, 2: {}, 3: {}}
    ids: set[int] = set()
    for number, call in enumerate(calls):
        reports = [report(i, key, value, KNOWN_TIME_NS + at) for i, key, value, at in call]
        expected = []
        for arrival, each in enumerate(reports):
            if each.label_key in ids:
                expected.append(DUPLICATE)
            elif each.transaction_key not in known:
                expected.append(UNKNOWN_TRANSACTION)
            else:
                expected.append(APPLIED)
                ids.add(each.label_key)
                told = Told(each.known_time_ns, number * 10 + arrival, each.value)
                known[each.transaction_key][told.arrival] = told
        assert statuses(labels, *reports) == expected
        if number % 3 == 2:
            # What is derived may be lost at any time.
            index.close()
            (folder / "labels.sqlite").unlink()
            index = LabelIndex(folder / "labels.sqlite", journal, read_row)
            labels._index = index
    for key, told_of in known.items():
        value = max(told_of.values()).value if told_of else WITHDRAWN
        rows = [row for row in journaled(journal) if row["transaction_key"] == key]
        assert sum(int(row["fraud_delta"]) for row in rows) == (value == FRAUD)
        assert sum(int(row["legitimate_delta"]) for row in rows) == (value == LEGITIMATE)
    index.close()
    journal.close()


def test_payload_is_asked_for_by_place_in_the_report(labels, journal):
    reports = [report(1, 9, FRAUD), report(2, 1, FRAUD), report(3, 2, FRAUD)]
    labels.report(reports, payload_of(reports), message_of)
    payloads = [r.payload for r in journal.read(0, 100) if r.kind == KIND_LABEL]
    assert payloads == [b"1 2 1", b"2 3 1"]


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([(100, 9, FRAUD)], [UNKNOWN_TRANSACTION]),
        ([(100, 9, WITHDRAWN)], [UNKNOWN_TRANSACTION]),
        ([(100, 1, WITHDRAWN)], [APPLIED]),
        ([(100, 1, FRAUD), (100, 2, FRAUD)], [APPLIED, DUPLICATE]),
        ([(100, 9, FRAUD), (100, 1, FRAUD)], [UNKNOWN_TRANSACTION, APPLIED]),
    ],
)
def test_what_changes_nothing_says_why(labels, reports, expected):
    assert statuses(labels, *(report(*each) for each in reports)) == expected


def test_labels_on_a_full_disk_count_once(labels, journal):
    writer = journal._active._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    big = b"x" * 100_000
    with pytest.raises(ResourceExhaustedError):
        labels.report([report(100, 1, FRAUD)], lambda *_arguments: big, message_of)
    assert journaled(journal) == []
    writer.execute("PRAGMA max_page_count = 1000000")
    assert statuses(labels, report(100, 1, FRAUD), report(101, 2, FRAUD)) == [DUPLICATE, APPLIED]
    assert [int(row["transaction_key"]) for row in journaled(journal)] == [1, 2]
