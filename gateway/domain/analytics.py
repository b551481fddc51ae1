"""The formulas of analytics, worked out from counts; docs/analytics.md explains each."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from gateway.domain.performance import DAY, Grain, period_start

HOUR = timedelta(hours=1)
PERCENT = 100.0
# Most days that one answer speaks of: ten years, chosen by us.
DAYS_MAX = 3_660


class AnalyticsRange(StrEnum):
    """How far analytics look back."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    ALL = "all"


class PerformanceRange(StrEnum):
    """How far the performance by day looks back."""

    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"


class GroupBy(StrEnum):
    """The steps of the alert volume."""

    DAY = "day"
    HOUR = "hour"


_DAYS = {
    AnalyticsRange.DAY: 1,
    AnalyticsRange.WEEK: 7,
    AnalyticsRange.MONTH: 30,
    AnalyticsRange.QUARTER: 90,
}


class Window(Struct, frozen=True):
    """A time to look at: [start, end), made of periods of one grain; TOTAL is all there is."""

    grain: Grain
    start: datetime
    end: datetime

    @property
    def days(self) -> float:
        """Its length in days."""
        return (self.end - self.start) / DAY

    @property
    def day_starts(self) -> list[datetime]:
        """The days that it touches, oldest first."""
        start = period_start(Grain.DAY, self.start)
        return [start + index * DAY for index in range(-((start - self.end) // DAY))]

    def before(self) -> "Window":
        """Return the window of the same length that ends where this one starts."""
        return Window(self.grain, self.start - (self.end - self.start), self.start)


class Counts(Struct, frozen=True, gc=False):
    """Transactions of a time by what was said about them and whether they were alerted."""

    transactions: int = 0
    alerted: int = 0
    fraud: int = 0
    fraud_alerted: int = 0
    legitimate: int = 0
    legitimate_alerted: int = 0

    @property
    def true_positives(self) -> int:
        """Alerted, and fraud."""
        return self.fraud_alerted

    @property
    def false_positives(self) -> int:
        """Alerted, and not fraud as far as is known."""
        return self.alerted - self.fraud_alerted

    @property
    def false_negatives(self) -> int:
        """Fraud that was not alerted."""
        return self.fraud - self.fraud_alerted

    @property
    def true_negatives(self) -> int:
        """Neither alerted nor fraud as far as is known."""
        return self.transactions - self.alerted - self.false_negatives

    @property
    def undecided(self) -> int:
        """Alerted, and nothing was said about them yet."""
        return self.alerted - self.fraud_alerted - self.legitimate_alerted


class Quality(Struct, frozen=True):
    """Shares in percent; those that have nothing to be a share of are 0 and named `undefined`."""

    precision: float
    recall: float
    f1_score: float
    accuracy: float
    precision_decided: float
    undefined: tuple[str, ...]


class Ranking(Struct, frozen=True):
    """How well scores rank fraud above the rest.

    Attributes:
        auc_roc: 0..1; 0 where it is not defined.
        error_max: how far the exact value can lie from it, because scores are known by bins only.
        defined: there are both fraud and other transactions.
    """

    auc_roc: float
    error_max: float
    defined: bool


def window_of(span: AnalyticsRange, as_of: datetime, first: datetime | None) -> Window:
    """Return the time that a range means.

    24 hours are whole hours, everything longer whole days in UTC; the last one is that of `as_of`.

    Everything is at most DAYS_MAX days.

    Args:
        span: the range.
        as_of: the instant at which it ends.
        first: when the oldest transaction happened, where everything begins; None if there is none.
    """
    if span is AnalyticsRange.DAY:
        end = period_start(Grain.HOUR, as_of) + HOUR
        return Window(Grain.HOUR, end - DAY, end)
    end = period_start(Grain.DAY, as_of) + DAY
    if span is AnalyticsRange.ALL:
        start = period_start(Grain.DAY, first) if first else end - DAY
        start = max(min(start, end - DAY), end - DAYS_MAX * DAY)
        return Window(Grain.TOTAL, start, end)
    return Window(Grain.DAY, end - _DAYS[span] * DAY, end)


def as_of(now: datetime, newest: datetime | None) -> datetime:
    """Return the instant at which ranges end.

    That is now. Only where nothing is newer than a day, after a replay of history or when traffic
    stopped, it is the end of the newest hour: the last days of what there is say more than nothing.
    """
    if newest is None:
        return now
    return now if now - newest <= DAY else newest + HOUR - timedelta(microseconds=1)


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum."""
    sums = [0] * len(Counts.__struct_fields__)
    for each in counts:
        for index, name in enumerate(Counts.__struct_fields__):
            sums[index] += getattr(each, name)
    return Counts(*sums)


def quality(counts: Counts) -> Quality:
    """Return precision, recall, F1 and accuracy."""
    hits = counts.true_positives
    decided = hits + counts.legitimate_alerted
    shares = {
        "precision": (hits, counts.alerted),
        "recall": (hits, counts.fraud),
        "f1_score": (2 * hits, counts.alerted + counts.fraud),
        "accuracy": (hits + counts.true_negatives, counts.transactions),
        "precision_decided": (hits, decided),
    }
    return Quality(
        **{name: percent(part, whole) for name, (part, whole) in shares.items()},
        undefined=tuple(name for name, (_, whole) in shares.items() if not whole),
    )


def percent(part: float, whole: float) -> float:
    """Return part of whole in percent; 0 of nothing, which the caller marks."""
    return PERCENT * part / whole if whole else 0.0


def ranking(histogram: Sequence[tuple[int, int]]) -> Ranking:
    """Return the area under the ROC curve: how often a fraud scores above another transaction.

    Two in one bin count as half, as ties do (Mann and Whitney 1947, Ann. Math. Statist. 18(1),
    50-60); whatever their exact scores, each such pair is wrong by at most a half.

    Args:
        histogram: transactions and frauds among them by bin, lowest scores first.
    """
    frauds = sum(fraud for _, fraud in histogram)
    others = sum(count for count, _ in histogram) - frauds
    if not frauds or not others:
        return Ranking(0.0, 0.0, defined=False)
    below = 0
    above = ties = 0
    for count, fraud in histogram:
        other = count - fraud
        above += fraud * below
        ties += fraud * other
        below += other
    pairs = frauds * others
    return Ranking((above + ties / 2) / pairs, ties / 2 / pairs, defined=True)


def change_pct(before: float, after: float) -> float | None:
    """Return the growth in percent; None from nothing, of which there is no percentage."""
    return PERCENT * (after - before) / before if before else None
