import numpy as np
import pytest

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
)
from scoring_server.engine.scorer import Scorer
from scoring_server.errors import ResourceExhaustedError
from scoring_server.journal.embedded import EmbeddedJournal
from scoring_server.journal.journal import KIND_LABEL
from scoring_server.journal.label_index import LabelIndex
from scoring_server.kernels.dtypes import LABEL, TRANSACTION
from scoring_server.state.shared_table import StateCapacities, open_state

EVENT_TIME_NS = 1_700_000_000 * 10**9
KNOWN_TIME_NS = EVENT_TIME_NS + 5


def payload(position: int, sequence: int, ingest_time_ns: int) -> bytes:
    return b"%d" % position


@pytest.fixture
def journal(tmp_path):
    opened = EmbeddedJournal(tmp_path / "journal")
    yield opened
    opened.close()


@pytest.fixture
def labels(tmp_path, journal):
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
    scorer.score(rows, lambda *_arguments: [b"event"] * 3)
    index = LabelIndex(tmp_path / "labels.sqlite", journal, lambda _payload: (0, 0))
    yield Labels(scorer, index)
    index.close()


def report(label_key: int, transaction_key: int, value: int) -> LabelReport:
    return LabelReport(label_key, transaction_key, value, KNOWN_TIME_NS)


def statuses(labels: Labels, *reports: LabelReport) -> list[int]:
    return [result.status for result in labels.report(reports, payload)]


def journaled(journal) -> list:
    records = [record for record in journal.read(0, 1_000) if record.kind == KIND_LABEL]
    return [np.frombuffer(record.row, LABEL)[0] for record in records]


def test_label_is_journaled_with_the_entities_of_its_transaction(labels, journal):
    (result,) = labels.report([report(100, 2, FRAUD)], payload)
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
    deltas = [(int(r["fraud_delta"]), int(r["legitimate_delta"])) for r in journaled(journal)]
    assert deltas == [(1, 0), (-1, 1), (0, -1), (1, 0), (-1, 0)]


def test_replacing_within_one_report_is_the_same(labels, journal):
    reports = [report(100 + n, 1, v) for n, v in enumerate((FRAUD, LEGITIMATE, LEGITIMATE))]
    assert statuses(labels, *reports) == [APPLIED, APPLIED, DUPLICATE]
    deltas = [(int(r["fraud_delta"]), int(r["legitimate_delta"])) for r in journaled(journal)]
    assert deltas == [(1, 0), (-1, 1)]


def test_payload_is_asked_for_by_place_in_the_report(labels, journal):
    labels.report([report(1, 9, FRAUD), report(2, 1, FRAUD), report(3, 2, FRAUD)], payload)
    payloads = [r.payload for r in journal.read(0, 100) if r.kind == KIND_LABEL]
    assert payloads == [b"1", b"2"]


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([(100, 9, FRAUD)], [UNKNOWN_TRANSACTION]),
        ([(100, 9, WITHDRAWN)], [UNKNOWN_TRANSACTION]),
        ([(100, 1, WITHDRAWN)], [DUPLICATE]),
        ([(100, 1, FRAUD), (100, 2, FRAUD)], [APPLIED, DUPLICATE]),
        ([(100, 1, FRAUD), (101, 1, FRAUD)], [APPLIED, DUPLICATE]),
        (
            [(100, 1, FRAUD), (101, 1, WITHDRAWN), (102, 1, WITHDRAWN)],
            [APPLIED, APPLIED, DUPLICATE],
        ),
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
        labels.report([report(100, 1, FRAUD)], lambda *_arguments: big)
    assert journaled(journal) == []
    writer.execute("PRAGMA max_page_count = 1000000")
    assert statuses(labels, report(100, 1, FRAUD), report(101, 2, FRAUD)) == [DUPLICATE, APPLIED]
    assert [int(row["transaction_key"]) for row in journaled(journal)] == [1, 2]
