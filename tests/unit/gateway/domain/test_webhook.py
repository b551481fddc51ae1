import itertools
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.webhook import (
    Delivery,
    DeliveryStatus,
    Outcome,
    RetryRules,
    after_attempt,
    again,
)
from tests.support.alert_values import INGEST_TIME

RULES = RetryRules(
    attempts_max=16,
    age_max=timedelta(hours=24),
    pause_first=timedelta(seconds=5),
    pause_max=timedelta(hours=1),
)
DELIVERY = Delivery(
    delivery_id="msg_1",
    webhook_id="whk_1",
    event_id=1,
    event_type="alert.raised",
    body="{}",
    status=DeliveryStatus.PENDING,
    attempts=0,
    created_time=INGEST_TIME,
    next_attempt_time=INGEST_TIME,
)
FAILED = Outcome(status=500)


def pauses(jitters: list[float], rules: RetryRules = RULES) -> tuple[list[timedelta], Delivery]:
    """Return the pauses between attempts that all fail at once, and what is left."""
    found, current, now = [], DELIVERY, INGEST_TIME
    for jitter in jitters:
        current = after_attempt(current, FAILED, rules, jitter, now)
        if current.status is not DeliveryStatus.PENDING:
            break
        found.append(current.next_attempt_time - now)
        now = current.next_attempt_time
    return found, current


@given(st.lists(st.floats(0, 1), min_size=16, max_size=16))
def test_pauses_grow_up_to_the_longest_and_end_at_the_bound(jitters: list[float]) -> None:
    found, dead = pauses(jitters)
    assert len(found) == 15
    growing = itertools.pairwise(found[:10])
    assert all(later >= earlier for earlier, later in growing)
    assert all(RULES.pause_first / 2 <= each <= RULES.pause_max for each in found)
    assert all(each >= RULES.pause_max / 2 for each in found[10:])
    assert (dead.status, dead.attempts) == (DeliveryStatus.DEAD, 16)
    assert dead.last_error == "HTTP 500"


def test_too_old_a_delivery_is_given_up() -> None:
    rules = msgspec.structs.replace(RULES, age_max=timedelta(seconds=34))
    found, dead = pauses([0.0] * 16, rules)
    assert [each.total_seconds() for each in found] == [5, 10]
    assert (dead.status, dead.attempts) == (DeliveryStatus.DEAD, 3)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_success_settles(status: int) -> None:
    done = after_attempt(DELIVERY, Outcome(status=status), RULES, 0.5, INGEST_TIME)
    assert (done.status, done.attempts, done.settled_time) == (
        DeliveryStatus.DELIVERED,
        1,
        INGEST_TIME,
    )


@pytest.mark.parametrize("status", [101, 301, 302, 400, 404, 429, 500, 503])
def test_all_else_is_tried_again(status: int) -> None:
    later = after_attempt(DELIVERY, Outcome(status=status), RULES, 0.0, INGEST_TIME)
    assert later.status is DeliveryStatus.PENDING


def test_gone_is_given_up_at_once() -> None:
    dead = after_attempt(DELIVERY, Outcome(status=410), RULES, 0.0, INGEST_TIME)
    assert dead.status is DeliveryStatus.DEAD


@pytest.mark.parametrize(("asked_s", "pause_s"), [(1, 5), (90, 90), (1e9, 3600)])
def test_receiver_may_ask_for_a_longer_pause_within_bounds(asked_s: float, pause_s: int) -> None:
    asked = Outcome(status=503, retry_after_s=asked_s)
    later = after_attempt(DELIVERY, asked, RULES, 0.0, INGEST_TIME)
    assert later.next_attempt_time - INGEST_TIME == timedelta(seconds=pause_s)


def test_dead_one_that_is_sent_again_has_all_its_attempts() -> None:
    _, dead = pauses([0.0] * 16)
    later = INGEST_TIME + timedelta(days=3)
    fresh = again(dead, later)
    assert (fresh.delivery_id, fresh.attempts) == (DELIVERY.delivery_id, 0)
    assert after_attempt(fresh, FAILED, RULES, 0.0, later).status is DeliveryStatus.PENDING


def test_long_error_is_cut() -> None:
    failed = after_attempt(DELIVERY, Outcome(error="x" * 999), RULES, 0.0, INGEST_TIME)
    assert len(failed.last_error) == 200
