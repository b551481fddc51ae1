"""Rows become messages, answers become figures, progress survives."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from anomaly.v1 import label_service_pb2, scoring_service_pb2
from google.rpc import code_pb2
from rich.console import Console

from scoring_server.replay import messages
from scoring_server.replay.progress_file import Progress, ProgressFile
from scoring_server.replay.report import as_json, print_report, report
from scoring_server.replay.tally import Tally

TIMES = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in (1, 1, 2, 2)]
TABLE = pa.table(
    {
        "transaction_id": ["a", "b", "c", "d"],
        "event_time": pa.array(TIMES, pa.timestamp("ns", tz="UTC")),
        "account_id": ["x", "y", "x", "y"],
        "terminal_id": ["t1", "", "t2", "t3"],
        "amount_minor": [100, 200, 300, 400],
        "currency": ["EUR"] * 4,
        "latitude_deg": [1.5, None, 0.0, 2.0],
        "longitude_deg": [2.5, 3.0, 0.0, None],
        "label": pa.array([0, 1, None, 0], pa.int8()),
    }
)


def outcome(
    transaction_id: str, risk_score: float, alert_id: str = ""
) -> scoring_service_pb2.ScoreOutcome:
    return scoring_service_pb2.ScoreOutcome(
        result=scoring_service_pb2.ScoreResult(
            transaction_id=transaction_id,
            risk_score=risk_score,
            severity=scoring_service_pb2.SEVERITY_LOW,
            decision=scoring_service_pb2.DECISION_REVIEW,
            alert_id=alert_id,
            sequence=9,
        )
    )


def error(code: int) -> scoring_service_pb2.ScoreOutcome:
    failed = scoring_service_pb2.ScoreOutcome()
    failed.error.code = code
    failed.error.message = "amount_minor must be 1 or more"
    return failed


def test_payment_row_becomes_a_payment() -> None:
    first, second, third, fourth = messages.transactions(TABLE)
    assert first.event_time.ToDatetime(UTC) == TIMES[0]
    assert (first.payment.account_id, first.payment.terminal_id) == ("x", "t1")
    assert first.payment.amount_minor == 100
    assert first.payment.position.latitude_deg == 1.5
    assert not second.payment.HasField("position")
    # 0, 0 is a place like any other.
    assert third.payment.HasField("position")
    assert not fourth.payment.HasField("position")


def test_row_with_an_instrument_becomes_a_trade() -> None:
    table = pa.table(
        {
            "transaction_id": ["a", "b"],
            "event_time": pa.array(TIMES[:2], pa.timestamp("ns", tz="UTC")),
            "account_id": ["x", "y"],
            "instrument_id": ["XS1", ""],
            "side": [2, 0],
            "price_nanos": [5, 0],
            "quantity_micros": [7, 0],
            "amount_minor": [0, 3],
            "currency": ["USD", "EUR"],
        }
    )
    trade, payment = messages.transactions(table)
    assert (trade.trade.instrument_id, trade.trade.side, trade.trade.price_nanos) == ("XS1", 2, 5)
    assert (payment.payment.amount_minor, payment.payment.currency) == (3, "EUR")


def test_label_has_the_same_valid_id_each_time() -> None:
    label = messages.label("x" * 64, 1, 1_500_000_000)
    assert label == messages.label("x" * 64, 1, 1_500_000_000)
    assert label.label_id != messages.label("y", 1, 1_500_000_000).label_id
    assert len(label.label_id) <= 64
    assert label.value == label_service_pb2.LABEL_VALUE_FRAUD
    assert (label.known_time.seconds, label.known_time.nanos) == (1, 500_000_000)


def test_refused_rows_are_counted_and_settled() -> None:
    tally = Tally(TABLE)
    settled = tally.add(0, [outcome("a", 1.0), error(code_pb2.INVALID_ARGUMENT)], 10)
    assert (settled, tally.scored_count) == (2, 1)
    assert dict(tally.refused) == {"INVALID_ARGUMENT": 1}
    assert tally.first_refusal == "amount_minor must be 1 or more"
    assert not tally.is_scored(1)


@pytest.mark.parametrize("code", [code_pb2.RESOURCE_EXHAUSTED, code_pb2.UNAVAILABLE])
def test_overload_settles_only_what_came_before(code: int) -> None:
    tally = Tally(TABLE)
    assert tally.add(0, [outcome("a", 1.0), error(code), outcome("c", 1.0)], 10) == 1
    assert tally.scored_count == 1
    assert not tally.refused


def test_report_adds_up_and_is_one_line_of_json() -> None:
    tally = Tally(TABLE)
    tally.add(0, [outcome("a", 10.0), outcome("b", 60.0, "alr_1")], 2_000_000)
    tally.add(2, [outcome("c", 90.0), outcome("d", 5.0)], 4_000_000)
    figures = report(tally, 2.0)
    assert json.loads(as_json(figures)) == figures
    assert figures["scored"] == figures["transactions"] == 4
    assert figures["alerts"] == 1
    assert figures["decisions"] == {"APPROVE": 0, "REVIEW": 4, "DECLINE": 0}
    assert sum(figures["severities"].values()) == 4
    assert figures["transactions_per_s"] == 2.0
    assert figures["call_latency_ms"]["p50"] == 3.0
    # The row without a label takes no part in the ranking.
    assert figures["metrics"]["auc_roc"] == 1.0
    assert figures["metrics"]["card_precision_at_100"] == (0.01 + 0.0) / 2


def test_file_without_frauds_has_no_ranking_figures() -> None:
    tally = Tally(TABLE.slice(0, 1))
    tally.add(0, [outcome("a", 10.0)], 1)
    metrics = report(tally, 1.0)["metrics"]
    assert metrics["auc_roc"] is None
    no_labels = Tally(TABLE.drop_columns("label"))
    assert report(no_labels, 0.0)["metrics"] is None


def test_table_shows_every_figure() -> None:
    tally = Tally(TABLE)
    tally.add(0, [outcome("a", 10.0), error(code_pb2.INVALID_ARGUMENT)], 2_000_000)
    console = Console(record=True, width=100, file=None, force_terminal=False)
    with console.capture() as captured:
        print_report(console, report(tally, 1.0))
    text = captured.get()
    for needle in ("refused INVALID_ARGUMENT", "decision REVIEW", "severity LOW", "p99.9"):
        assert needle in text
    assert "First refusal: amount_minor must be 1 or more" in text


def test_progress_is_kept_for_the_same_file_mapping_and_target(tmp_path: Path) -> None:
    source = tmp_path / "f.csv"
    source.write_text("x")
    kept = ProgressFile(tmp_path / "new", source, "auto", "here:1")
    assert kept.read() is None
    kept.write(Progress(10, 5))
    assert ProgressFile(tmp_path / "new", source, "auto", "here:1").read() == Progress(10, 5)
    assert ProgressFile(tmp_path / "new", source, "auto", "here:2").read() is None
    source.write_text("changed")
    assert ProgressFile(tmp_path / "new", source, "auto", "here:1").read() is None
    kept.remove()
    assert kept.read() is None
