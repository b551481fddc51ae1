"""Findings name what is wrong, and only what is wrong is a fault."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain import database_check as judged
from gateway.domain.database_check import Comparison, Connections, Verdict

NOW = datetime(2026, 2, 9, 14, tzinfo=UTC)


def test_old_schema_is_a_fault_with_advice() -> None:
    finding = judged.schema(None, "0007")
    assert finding.verdict is Verdict.FAULT
    assert "none" in finding.message
    assert "anomaly db migrate" in finding.message
    assert judged.schema("0007", "0007").verdict is Verdict.OK


def test_message_names_a_few_counts_and_the_figures_all() -> None:
    wrong = [Comparison(f"c{number}", number, 0) for number in range(9)]
    finding = judged.counts(wrong, "all of them")
    assert finding.verdict is Verdict.FAULT
    assert "c1: kept 1, counted 0" in finding.message
    assert "and 3 more" in finding.message
    assert "c8" not in finding.message
    named = finding.figures["wrong"]
    assert isinstance(named, list)
    assert [each["name"] for each in named] == [f"c{number}" for number in range(1, 9)]


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0, "OK"), (2, "OK"), (-2, "OK"), (2.1, "WARNING"), (-3, "WARNING")],
)
def test_clock_may_differ_by_two_seconds(seconds: float, verdict: str) -> None:
    assert judged.clock(NOW, NOW + timedelta(seconds=seconds)).verdict == verdict


def test_all_workers_must_find_their_connections() -> None:
    assert judged.connections(Connections(40, 3), 4, 10).verdict is Verdict.OK
    assert judged.connections(Connections(39, 3), 4, 10).verdict is Verdict.FAULT
    assert judged.connections(Connections(0, 0), 64, 1000).verdict is Verdict.OK


def test_faults_of_pages_are_told() -> None:
    assert judged.storage(["row 1 is missing"], "").verdict is Verdict.FAULT
    assert judged.storage([], "every page is whole").verdict is Verdict.OK


def test_what_was_set_aside_is_a_warning() -> None:
    assert judged.leftovers({"events": 0}).verdict is Verdict.OK
    finding = judged.leftovers({"events": 2, "labels": 0})
    assert (finding.verdict, finding.message) == (Verdict.WARNING, "2 events")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 40, "3.0 TiB")],
)
def test_size_is_told_in_the_largest_unit(number: int, text: str) -> None:
    assert judged.size(number) == text
