from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.throttling import BLOCK_MAX, MEMORY, after_failure, block_of, wait_s

NOW = datetime(2026, 2, 9, 14, tzinfo=UTC)


def test_block_doubles_behind_the_free_failures_up_to_its_bound() -> None:
    seconds = [block_of(failures, 3).total_seconds() for failures in range(14)]
    assert seconds == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]


@given(st.integers(0, 10**9), st.integers(0, 100))
def test_block_never_falls_and_is_bounded(failures: int, free: int) -> None:
    assert block_of(failures, free) <= block_of(failures + 1, free) <= BLOCK_MAX


def test_failures_count_up_until_they_are_forgotten() -> None:
    record = None
    for count in range(1, 6):
        record = after_failure(record, "key", 3, NOW)
        assert record.failures == count
    assert record is not None
    assert wait_s(record, NOW) == 2
    assert wait_s(record, NOW + timedelta(seconds=2)) == 0
    assert wait_s(None, NOW) == 0
    assert after_failure(record, "key", 3, NOW + MEMORY).failures == 1
    almost = NOW + MEMORY - timedelta(microseconds=1)
    assert after_failure(record, "key", 3, almost).failures == 6
