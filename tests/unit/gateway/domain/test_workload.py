"""The work of analysts: counted by decision, with the median of what was measured."""

from gateway.domain.enumerations import CaseDecision
from gateway.domain.workload import AnalystWork, Decided, by_analyst

FRAUD, LEGITIMATE, REVIEW = CaseDecision.FRAUD, CaseDecision.LEGITIMATE, CaseDecision.REVIEW


def test_nobody_has_no_work() -> None:
    assert by_analyst([], {}) == []


def test_decisions_are_counted_and_the_median_is_of_what_was_claimed() -> None:
    decided = [
        Decided("ana", FRAUD, 10.0),
        Decided("ana", LEGITIMATE, 40.0),
        Decided("ana", REVIEW, 30.0),
        Decided("ana", FRAUD, None),
        Decided("ben", FRAUD, None),
    ]
    ana, ben, cleo = by_analyst(decided, {"ana": 2, "cleo": 7})
    assert ana == AnalystWork(
        analyst_id="ana", decisions=4, frauds=2, legitimate=1, reviews=1, open_alerts=2,
        handling_s_median=30.0,
    )  # fmt: skip
    assert (cleo.decisions, cleo.open_alerts, cleo.handling_s_median) == (0, 7, None)
    assert (ben.decisions, ben.handling_s_median) == (1, None)


def test_most_decisions_come_first_and_then_most_open_alerts() -> None:
    decided = [Decided("ben", FRAUD, None), Decided("ana", FRAUD, None), Decided("ben", FRAUD, 1.0)]
    found = by_analyst(decided, {"dan": 1, "cleo": 3})
    assert [each.analyst_id for each in found] == ["ben", "ana", "cleo", "dan"]
