"""What analysts found: resolutions, how they are counted, and the ranges they are shown over.

A resolution is a decision that closed its alert; REVIEW is none. Reopening the alert withdraws it:
it stays in the list, marked, and no longer counts.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from gateway.domain.alert import Alert, DecisionRecord
from gateway.domain.dashboard import percentage
from gateway.domain.enumerations import CaseDecision
from gateway.domain.pagination import PageQuery
from gateway.domain.rollup import hour_of

# Start of the one count that covers all time.
ALL_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class FeedbackDecision(StrEnum):
    """How a resolution is shown; LEGITIMATE was a false positive of ours."""

    FRAUD = "FRAUD"
    FALSE_POSITIVE = "FALSE_POSITIVE"


class FeedbackRange(StrEnum):
    """How far feedback looks back: 24 whole hours, or whole days in UTC, the present one too."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    ALL = "all"


class Period(StrEnum):
    """The widths of counts; every decision is counted in each."""

    HOUR = "HOUR"
    DAY = "DAY"
    ALL = "ALL"


_DAYS = {FeedbackRange.WEEK: 7, FeedbackRange.MONTH: 30, FeedbackRange.QUARTER: 90}
_SHOWN = {
    CaseDecision.FRAUD: FeedbackDecision.FRAUD,
    CaseDecision.LEGITIMATE: FeedbackDecision.FALSE_POSITIVE,
}
STORED = {shown: stored for stored, shown in _SHOWN.items()}


class FeedbackQuery(PageQuery, frozen=True, kw_only=True):
    """Which resolutions to list; an empty analyst means all."""

    decision: FeedbackDecision | None = None
    analyst: str = ""
    span: FeedbackRange = FeedbackRange.ALL


class Feedback(Struct, frozen=True, kw_only=True):
    """A resolution as it is listed.

    Attributes:
        withdrawn_time: when the alert was reopened after it; None while it stands.
    """

    feedback_id: str
    alert_id: str
    entity: str
    entity_type: str
    decision: FeedbackDecision
    notes: str
    analyst_id: str
    confidence: float | None
    resolved_time: datetime
    withdrawn_time: datetime | None


class FeedbackCount(Struct, frozen=True, kw_only=True):
    """How many resolutions; its fields are the columns of the table `feedback_counts`.

    Attributes:
        decided: all of them, withdrawn ones included.
        withdrawn: those of them that were taken back.
    """

    period: Period
    start: datetime
    analyst_id: str
    decision: CaseDecision
    decided: int
    withdrawn: int


class FeedbackSummary(Struct, frozen=True, kw_only=True):
    """What the resolutions of a range come to; withdrawn ones are not among the first three."""

    total_resolutions: int
    confirmed_frauds: int
    false_positives: int
    withdrawn: int
    alerts_raised: int
    since: datetime | None

    @property
    def resolution_rate(self) -> float:
        """Resolutions as percent of the alerts raised in the same range; 0 where none was raised.

        It is above 100 while older alerts are worked off.
        """
        return percentage(self.total_resolutions, self.alerts_raised)


class FeedbackPage(Struct, frozen=True):
    """One page of resolutions.

    Attributes:
        total: of all pages, withdrawn ones included.
        next_cursor: continues after the last one; None at the end.
    """

    rows: list[Feedback]
    total: int
    next_cursor: str | None
    summary: FeedbackSummary


class FeedbackDetail(Struct, frozen=True):
    """A resolution with its alert as that is now."""

    feedback: Feedback
    alert: Alert


def shown(decision: CaseDecision) -> FeedbackDecision:
    """Return how a decision that is a resolution is shown."""
    return _SHOWN[decision]


def start_of(span: FeedbackRange, now: datetime) -> datetime | None:
    """Return the first instant of a range; None where it has none.

    Ranges begin with a whole hour or day, so that counts by hour and day are exact for them.
    """
    if span is FeedbackRange.ALL:
        return None
    if span is FeedbackRange.DAY:
        return hour_of(now) - timedelta(hours=23)
    return _midnight(now) - timedelta(days=_DAYS[span] - 1)


def period_of(span: FeedbackRange) -> Period:
    """Return the width of the counts that add up to a range."""
    if span is FeedbackRange.ALL:
        return Period.ALL
    return Period.HOUR if span is FeedbackRange.DAY else Period.DAY


def counts(record: DecisionRecord, decided: int, withdrawn: int) -> list[FeedbackCount]:
    """Return what a decision adds to the counts; nothing where it is no resolution."""
    if record.decision not in _SHOWN:
        return []
    at = record.decided_time
    starts = {Period.HOUR: hour_of(at), Period.DAY: _midnight(at), Period.ALL: ALL_TIME}
    return [
        FeedbackCount(
            period=period,
            start=start,
            analyst_id=record.analyst_id,
            decision=record.decision,
            decided=decided,
            withdrawn=withdrawn,
        )
        for period, start in starts.items()
    ]


def added_up(found: Iterable[FeedbackCount]) -> list[FeedbackCount]:
    """Return one count for each key, in the one order in which all writers lock their rows."""
    sums: dict[tuple[Period, datetime, str, CaseDecision], tuple[int, int]] = {}
    for each in found:
        key = (each.period, each.start, each.analyst_id, each.decision)
        decided, withdrawn = sums.get(key, (0, 0))
        sums[key] = (decided + each.decided, withdrawn + each.withdrawn)
    return [
        FeedbackCount(
            period=period,
            start=start,
            analyst_id=analyst_id,
            decision=decision,
            decided=decided,
            withdrawn=withdrawn,
        )
        for (period, start, analyst_id, decision), (decided, withdrawn) in sorted(sums.items())
    ]


def summary(
    found: Iterable[FeedbackCount], alerts_raised: int, since: datetime | None
) -> FeedbackSummary:
    """Return what the counts of a range come to."""
    standing = dict.fromkeys(_SHOWN, 0)
    withdrawn = 0
    for each in found:
        standing[each.decision] += each.decided - each.withdrawn
        withdrawn += each.withdrawn
    return FeedbackSummary(
        total_resolutions=sum(standing.values()),
        confirmed_frauds=standing[CaseDecision.FRAUD],
        false_positives=standing[CaseDecision.LEGITIMATE],
        withdrawn=withdrawn,
        alerts_raised=alerts_raised,
        since=since,
    )


def listed(found: Iterable[FeedbackCount], decision: FeedbackDecision | None) -> int:
    """Return how many resolutions the counts list, withdrawn ones included."""
    wanted = None if decision is None else STORED[decision]
    return sum(each.decided for each in found if wanted in {None, each.decision})


def _midnight(instant: datetime) -> datetime:
    return datetime.combine(instant.date(), time(), instant.tzinfo)
