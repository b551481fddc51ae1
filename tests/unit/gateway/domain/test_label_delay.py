"""The estimated delay finds the truth again where the raw figure is far from it."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.analytics import Counts
from gateway.domain.label_delay import SAMPLE_MIN, DelayCounts, DelayCurve, estimate, seen_until
from gateway.domain.maturity import Curves, corrected
from gateway.domain.performance import DAY, delay_days

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 150
AS_OF = START + DAYS * DAY + timedelta(hours=9)
MEAN_DAYS = 20.0


def simulated(
    generator: random.Random, mean_days: float, growth: float = 1.0, daily: int = 60
) -> tuple[Counter[tuple[datetime, int]], list[tuple[datetime, float]]]:
    """Return what is known at AS_OF by day and delay, and all frauds with their delays."""
    known: Counter[tuple[datetime, int]] = Counter()
    everything = []
    for number in range(DAYS):
        day = START + number * DAY
        for _ in range(int(daily * growth ** (number / DAYS))):
            happened = day + generator.random() * DAY
            delay = generator.expovariate(1 / mean_days)
            everything.append((day, delay))
            since = happened + delay * DAY
            if since <= AS_OF:
                known[day, delay_days(happened, since)] += 1
    return known, everything


def counts_of(known: Mapping[tuple[datetime, int], int]) -> DelayCounts:
    by_delay: Counter[int] = Counter()
    by_day: Counter[datetime] = Counter()
    for (day, delay), count in known.items():
        if day + delay * DAY <= seen_until(AS_OF):
            by_delay[delay] += count
            by_day[day] += count
    return DelayCounts(by_delay, by_day)


@pytest.mark.parametrize("growth", [1.0, 8.0])
def test_curve_recovers_the_truth_where_the_raw_share_is_biased(growth: float) -> None:
    generator = random.Random(5)
    known, everything = simulated(generator, MEAN_DAYS, growth)
    curve = estimate(counts_of(known), AS_OF)
    assert curve is not None
    total = sum(known.values())
    worst_raw = worst = 0.0
    for days in (1, 5, 10, 20, 40, 80):
        truth = sum(delay < days for _, delay in everything) / len(everything)
        raw = sum(n for (_, delay), n in known.items() if delay < days) / total
        worst = max(worst, abs(curve.known_ratio[days - 1] - truth))
        worst_raw = max(worst_raw, abs(raw - truth))
    # About 9,000 frauds: one standard error is near 0.006.
    assert worst < 0.02
    assert worst_raw > 0.05


def test_corrected_recall_is_near_the_truth_where_the_raw_one_is_far() -> None:
    generator = random.Random(6)
    quick, all_alerted = simulated(generator, 1.0)
    slow, all_missed = simulated(generator, MEAN_DAYS, daily=40)
    curves = Curves(estimate(counts_of(quick), AS_OF), estimate(counts_of(slow), AS_OF))
    recent = [START + number * DAY for number in range(DAYS - 30, DAYS)]

    def counts(day: datetime) -> Counts:
        hits = sum(n for (when, _), n in quick.items() if when == day)
        misses = sum(n for (when, _), n in slow.items() if when == day)
        return Counts(10_000, 100, hits + misses, hits, 0, 0)

    days = [(day, counts(day)) for day in recent]
    got = corrected(days, curves, AS_OF)
    assert got is not None
    truth = 100 * 60 / (60 + 40)
    found = [each for _, each in days]
    raw = 100 * sum(each.fraud_alerted for each in found) / sum(each.fraud for each in found)
    assert got.recall == pytest.approx(truth, abs=3)
    assert abs(raw - truth) > 10
    assert 0 < got.days_left_out < 10
    assert 0.5 < got.maturity < 0.95
    assert len(all_alerted) == 9_000
    assert len(all_missed) == 6_000


def test_a_few_frauds_give_no_curve_and_no_correction() -> None:
    day = START
    assert estimate(counts_of({(day, 0): SAMPLE_MIN - 1}), AS_OF) is None
    assert estimate(counts_of({(day, 0): SAMPLE_MIN}), AS_OF) is not None
    assert corrected([(day, Counts(1, 1, 1, 1))], Curves(None, None), AS_OF) is None


known_counts = st.dictionaries(
    st.tuples(st.integers(0, 160).map(lambda number: START + number * DAY), st.integers(0, 180)),
    st.integers(1, 50),
    max_size=40,
)


@given(known=known_counts)
def test_curve_is_the_product_over_the_days_old_enough(
    known: dict[tuple[datetime, int], int],
) -> None:
    """The definition, word by word."""
    ages = {day: (AS_OF - (day + DAY)) // DAY - 1 for day, _ in known}
    seen = {key: count for key, count in known.items() if key[1] <= ages[key[0]]}
    curve = estimate(counts_of(known), AS_OF)
    if sum(seen.values()) < SAMPLE_MIN:
        assert curve is None
        return
    assert curve is not None
    assert curve.sample_size == sum(seen.values())
    assert curve.horizon_days == min(180, max(ages[day] for day, _ in seen))
    for within in range(curve.horizon_days + 1):
        share = 1.0
        for longer in range(within + 1, curve.horizon_days + 1):
            old = {key: count for key, count in seen.items() if ages[key[0]] >= longer}
            exactly = sum(count for (_, delay), count in old.items() if delay == longer)
            at_most = sum(count for (_, delay), count in old.items() if delay <= longer)
            share *= 1 - exactly / at_most if at_most else 1
        assert curve.known_ratio[within] == pytest.approx(share, abs=1e-9)


@given(known=known_counts, age_hours=st.integers(0, 10_000))
def test_curve_rises_from_zero_to_one(
    known: dict[tuple[datetime, int], int], age_hours: int
) -> None:
    curve = estimate(counts_of(known), AS_OF)
    if curve is None:
        return
    assert list(curve.known_ratio) == sorted(curve.known_ratio)
    assert 0 <= curve.known_ratio[0] <= curve.known_ratio[-1] == 1
    day = datetime(2026, 5, 1, tzinfo=UTC)
    earlier = curve.maturity(day, day + timedelta(hours=age_hours))
    later = curve.maturity(day, day + timedelta(hours=age_hours + 1))
    assert 0 <= earlier <= later <= 1


def test_days_long_past_are_fully_known_and_stay_as_they_are() -> None:
    curve = DelayCurve((0.25, 0.5, 1.0), 100, 2)
    counts = Counts(1_000, 50, 40, 20, 0, 0)
    got = corrected([(START, counts)], Curves(curve, curve), AS_OF)
    assert got is not None
    assert (got.precision, got.recall, got.maturity) == (40, 50, 1)
