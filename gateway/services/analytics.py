"""The figures of the analytics page. Nothing here reads transactions, only counts of them."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from msgspec import Struct

from gateway.domain import analytics, maturity
from gateway.domain.analytics import (
    AnalyticsRange,
    Counts,
    GroupBy,
    Quality,
    Ranking,
    Window,
)
from gateway.domain.maturity import Corrected, Curves
from gateway.domain.performance import DAY, DELAY_DAYS_MAX, Grain, period_start
from gateway.domain.workload import AnalystWork, Volume, Workload, by_analyst
from gateway.services.analytics_ports import AnalyticsDatabase, AnalyticsUnit
from gateway.services.label_delays import LabelDelays

# Most steps of the alert volume: 90 days by hour.
STEPS_MAX = 2_160
# Newest decisions that the work of analysts is counted from; chosen by us to bound the question.
DECISIONS_MAX = 10_000


class Headline(Struct, frozen=True, kw_only=True):
    """The figures of a range."""

    window: Window
    as_of: datetime
    counts: Counts
    quality: Quality
    ranking: Ranking
    alerts_daily: float
    corrected: Corrected | None


class Day(Struct, frozen=True):
    """A day, or the part of it that the range covers, of one model version or of all."""

    start: datetime
    model_version: str
    counts: Counts
    corrected: Corrected | None
    maturity: float | None

    @property
    def quality(self) -> Quality:
        """Its shares."""
        return analytics.quality(self.counts)


class DetectionDays(Struct, frozen=True):
    """How much fraud was alerted, by day and over the range."""

    days: list[Day]
    counts: Counts
    corrected: Corrected | None


class Trend(Struct, frozen=True):
    """What there was to do by day, and in the time of equal length before; None before all."""

    days: list[tuple[datetime, Workload]]
    window: Window
    current: Workload
    before: Window | None
    previous: Workload | None


class Sync(Struct, frozen=True):
    """How the gateway is doing."""

    uptime_s: float
    last_sync: datetime | None
    model_version: str


class AnalyticsService:
    """The use cases of the analytics page."""

    def __init__(
        self,
        database: AnalyticsDatabase,
        now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._database = database
        self._now = now
        self._monotonic_s = monotonic_s
        self._started_s = monotonic_s()
        self._delays = LabelDelays(now)

    async def headline(self, span: AnalyticsRange) -> Headline:
        """Return precision, recall and what goes with them over a range."""
        async with self._database.read() as unit:
            until, window = await window_at(unit, span, self._now())
            curves = await self._delays.curves(unit, until)
            recent = _recent(window, until)
            days = await unit.performance.counts_by_day(recent)
            counts = analytics.total(each for _, each in days)
            if recent != window:
                counts = await unit.performance.counts(window)
                days = _with_the_rest(days, counts, window)
            ours = await self._our_window(unit, span)
            workload = await unit.workload.total(ours)
            histogram = await unit.performance.histogram(window)
        return Headline(
            window=window,
            as_of=until,
            counts=counts,
            quality=analytics.quality(counts),
            ranking=analytics.ranking(histogram),
            alerts_daily=workload.alerts / ours.days,
            corrected=maturity.corrected(days, curves, until),
        )

    async def model_performance(self, span: AnalyticsRange) -> list[Day]:
        """Return each model version by day."""
        async with self._database.read() as unit:
            until, window = await window_at(unit, span, self._now())
            curves = await self._delays.curves(unit, until)
            found = await unit.performance.counts_by_version(window)
        return [_day(start, version, counts, curves, until) for start, version, counts in found]

    async def confusion(self, first: date, last: date) -> Counts:
        """Return the counts of the days from `first` to `last`, both included."""
        start = datetime.combine(first, time(), self._now().tzinfo)
        window = Window(Grain.DAY, start, start + (last - first + DAY))
        async with self._database.read() as unit:
            return await unit.performance.counts(window)

    async def today(self) -> date:
        """Return the last day that a range without dates has."""
        async with self._database.read() as unit:
            until, _ = await window_at(unit, AnalyticsRange.WEEK, self._now())
        return until.date()

    async def detection(self, span: AnalyticsRange) -> DetectionDays:
        """Return how much of the known fraud was alerted; every day is there, oldest first."""
        async with self._database.read() as unit:
            until, window = await window_at(unit, span, self._now())
            curves = await self._delays.curves(unit, until)
            found = await unit.performance.counts_by_day(window)
        by_day = dict(found)
        return DetectionDays(
            [
                _day(start, "", by_day.get(start, Counts()), curves, until)
                for start in window.day_starts
            ],
            analytics.total(by_day.values()),
            maturity.corrected(found, curves, until),
        )

    async def volume(self, span: AnalyticsRange, group_by: GroupBy) -> list[Volume]:
        """Return alerts by step on our clock, empty steps included, the newest STEPS_MAX."""
        async with self._database.read() as unit:
            window = await self._our_window(unit, span)
            found = await unit.workload.volume(window, group_by, STEPS_MAX)
        by_start = {each.start: each for each in found}
        return [by_start.get(start, Volume(start, 0, 0)) for start in _steps(window, group_by)]

    async def trends(self, span: AnalyticsRange) -> Trend:
        """Return what there was to do by day, beside the time of equal length before."""
        async with self._database.read() as unit:
            window = await self._our_window(unit, span)
            by_day = dict(await unit.workload.by_day(window))
            before = None if window.grain is Grain.TOTAL else window.before()
            previous = await unit.workload.total(before) if before else None
            current = await unit.workload.total(window)
        days = [(start, by_day.get(start, Workload())) for start in window.day_starts]
        return Trend(days, window, current, before, previous)

    async def analysts(self, span: AnalyticsRange) -> tuple[list[AnalystWork], bool]:
        """Return what analysts did in a range, and whether all its decisions were counted."""
        async with self._database.read() as unit:
            window = await self._our_window(unit, span)
            decided = await unit.workload.decided(window, DECISIONS_MAX + 1)
            held = await unit.workload.held()
        return by_analyst(decided[:DECISIONS_MAX], held), len(decided) <= DECISIONS_MAX

    async def sync(self) -> Sync:
        """Return how long this process runs, when the feed came in last, and which model scores."""
        async with self._database.read() as unit:
            newest = await unit.performance.newest(self._now())
            return Sync(
                self._monotonic_s() - self._started_s,
                await unit.workload.last_sync(),
                await unit.performance.model_version(newest) if newest else "",
            )

    async def label_delays(self) -> tuple[datetime, Curves]:
        """Return the curves, at most a minute old."""
        async with self._database.read() as unit:
            until, _ = await window_at(unit, AnalyticsRange.WEEK, self._now())
            return until, await self._delays.curves(unit, until)

    async def _our_window(self, unit: AnalyticsUnit, span: AnalyticsRange) -> Window:
        first = await unit.workload.first_hour() if span is AnalyticsRange.ALL else None
        return analytics.window_of(span, self._now(), first)


async def window_at(
    unit: AnalyticsUnit, span: AnalyticsRange, now: datetime
) -> tuple[datetime, Window]:
    """Return where a range ends on the clock of transactions, and what it covers."""
    until = analytics.as_of(now, await unit.performance.newest(now))
    first = await unit.performance.first() if span is AnalyticsRange.ALL else None
    return until, analytics.window_of(span, until, first)


def _recent(window: Window, until: datetime) -> Window:
    """Return the part of a window of which fraud may still become known."""
    border = period_start(Grain.DAY, until) - DELAY_DAYS_MAX * DAY
    if window.grain is not Grain.TOTAL:
        return window
    return Window(Grain.DAY, max(window.start, border), window.end)


def _with_the_rest(
    days: list[tuple[datetime, Counts]], counts: Counts, window: Window
) -> list[tuple[datetime, Counts]]:
    recent = analytics.total(each for _, each in days)
    rest = Counts(
        *(getattr(counts, name) - getattr(recent, name) for name in Counts.__struct_fields__)
    )
    return [(window.start - DELAY_DAYS_MAX * DAY, rest), *days] if rest.transactions else days


def _day(start: datetime, version: str, counts: Counts, curves: Curves, until: datetime) -> Day:
    shares = maturity.day_maturity(curves, start, until)
    corrected = maturity.corrected([(start, counts)], curves, until)
    return Day(start, version, counts, corrected, min(shares) if shares else None)


def _steps(window: Window, group_by: GroupBy) -> list[datetime]:
    if group_by is GroupBy.DAY:
        return window.day_starts
    hours = min(STEPS_MAX, (window.end - window.start) // timedelta(hours=1))
    return [window.end - timedelta(hours=back) for back in range(hours, 0, -1)]
