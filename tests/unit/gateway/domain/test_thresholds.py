"""The outcome of each threshold against the slow and obvious way over single transactions."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.performance import score_bin
from gateway.domain.thresholds import Assumptions, MoneyBin, best, outcomes

# Score, amount and whether it was fraud.
payments = st.lists(st.tuples(st.floats(0, 100), st.integers(1, 10**9), st.booleans()), max_size=40)
assumptions = st.builds(
    Assumptions,
    days=st.sampled_from([1.0, 7.0, 30.0]),
    review_cost_minor=st.integers(0, 10_000),
    review_minutes=st.floats(0, 60),
    capacity=st.one_of(st.none(), st.floats(0, 5)),
    good_customer_cost_share=st.floats(0, 1),
)


def binned(found: list[tuple[float, int, bool]]) -> list[MoneyBin]:
    return [
        MoneyBin(
            bin_,
            len(here),
            sum(fraud for _, _, fraud in here),
            sum(amount for _, amount, _ in here),
            sum(amount for _, amount, fraud in here if fraud),
        )
        for bin_ in sorted({score_bin(score) for score, _, _ in found})
        for here in [[each for each in found if score_bin(each[0]) == bin_]]
    ]


@given(found=payments, assumed=assumptions)
def test_each_threshold_counts_what_it_would_have_done(
    found: list[tuple[float, int, bool]], assumed: Assumptions
) -> None:
    got = outcomes(binned(found), assumed)
    assert [each.threshold for each in got] == list(range(101))
    for each in got:
        over = [item for item in found if item[0] >= each.threshold]
        under = [item for item in found if item[0] < each.threshold]
        assert each.alerts == len(over)
        assert each.alerts_daily == len(over) / assumed.days
        assert each.fraud_stopped == sum(fraud for *_, fraud in over)
        assert each.fraud_missed == sum(fraud for *_, fraud in under)
        assert each.good_stopped == sum(not fraud for *_, fraud in over)
        good = sum(amount for _, amount, fraud in over if not fraud)
        missed = sum(amount for _, amount, fraud in under if fraud)
        assert (each.good_stopped_minor, each.fraud_missed_minor) == (good, missed)
        assert each.fraud_stopped_minor == sum(amount for _, amount, fraud in over if fraud)
        assert each.analyst_hours == len(over) * assumed.review_minutes / 60
        loss = missed + len(over) * assumed.review_cost_minor
        assert each.expected_loss_minor == loss + round(assumed.good_customer_cost_share * good)
        fits = assumed.capacity is None or len(over) / assumed.days <= assumed.capacity
        assert each.within_capacity == fits


@given(found=payments, assumed=assumptions)
def test_the_best_costs_least_of_those_that_fit(
    found: list[tuple[float, int, bool]], assumed: Assumptions
) -> None:
    got = outcomes(binned(found), assumed)
    chosen = best(got)
    fitting = [each for each in got if each.within_capacity]
    if not found or not fitting:
        assert chosen is None
        return
    assert chosen in fitting
    for each in fitting:
        cost: Any = (each.expected_loss_minor, -each.threshold)
        assert (chosen.expected_loss_minor, -chosen.threshold) <= cost
