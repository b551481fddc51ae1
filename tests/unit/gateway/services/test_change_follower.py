"""A follower gets each change once, in order, and never makes the process grow."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.alert import AlertEvent
from gateway.domain.change import Change, ChangePosition
from gateway.domain.enumerations import AlertStatus
from gateway.services.change_feed import Follower
from tests.support.alert_values import INGEST_TIME, alert
from tests.support.waiting import eventually

ALERT = alert()


def change(number: int) -> Change:
    active = AlertStatus.ACTIVE
    event = AlertEvent(ALERT.alert_id, "FOLDED", active, active, "system", "", INGEST_TIME)
    return Change(ChangePosition(0, number), event, ALERT)


def follower(passed: int, head: int, queue_max: int) -> Follower:
    return Follower(ChangePosition(0, passed), ChangePosition(0, head), queue_max, lost=False)


async def all_of(each: Follower, log: list[Change], page: int = 3) -> list[int]:
    """Return the numbers that the follower gets until he is cut off."""

    async def missed(after: ChangePosition, until: ChangePosition) -> list[Change]:
        return [one for one in log if after < one.position <= until][:page]

    return [one.position.event_id async for waiting in each.changes(missed) for one in waiting]


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 5))
def test_what_was_missed_and_what_comes_join_without_gap_or_doubling(
    passed: int, head: int, queue_max: int
) -> None:
    """The head may lie behind what another process has handed out already."""
    log = [change(number) for number in range(1, 41)]
    each = follower(passed, head, queue_max)
    for one in log[head:]:
        each.offer(one)
    got = asyncio.run(all_of(each, log))
    assert got == list(range(passed + 1, passed + 1 + len(got)))
    assert len(got) == max(0, head - passed) + queue_max
    assert each.passed == ChangePosition(0, got[-1])


async def test_follower_who_does_not_keep_up_is_cut_off_where_he_can_resume() -> None:
    each = follower(0, 0, 2)
    for number in (1, 2, 3, 4):
        each.offer(change(number))
    assert each.cut_off
    assert await all_of(each, []) == [1, 2]
    assert each.passed == ChangePosition(0, 2)


async def test_change_that_comes_while_he_waits_wakes_him() -> None:
    each = follower(0, 0, 1)
    waiting = asyncio.create_task(all_of(each, []))
    await asyncio.sleep(0)
    each.offer(change(1))

    async def got_it() -> bool:
        return each.passed == ChangePosition(0, 1)

    await eventually(got_it)
    each.offer(change(2))
    each.offer(change(3))
    assert await waiting == [1, 2]
